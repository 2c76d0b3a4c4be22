"""The workspace around a page: menus, theme, the way out."""

from django.template.loader import render_to_string

from tests.platform.web.rendering import components, frame, page


def test_the_present_entry_is_marked_and_counted():
    html = page("partials/sidebar.html")
    assert html.count("aria-current") == 1
    assert '<a class="nav-link" href="#1" title="My work" aria-current="page">' in html
    assert '<span class="nav-link__count">8</span>' in html


def test_a_phone_shows_five_entries():
    html = page("partials/bottombar.html", frame=frame(nav=frame()["nav"][:5]))
    assert html.count("bottombar__link") == 5
    assert "<details" not in html


def test_a_phone_keeps_what_is_beyond_five_entries_in_a_menu():
    html = page("partials/bottombar.html")
    assert html.count('<a class="bottombar__link"') == 4
    assert html.count('<a class="menu__item"') == 2


def test_signing_out_is_a_form_with_a_token():
    html = page("partials/person_menu.html")
    assert '<form method="post" action="/accounts/sign-out">' in html
    assert 'name="csrfmiddlewaretoken" value="the-token"' in html


def test_a_visitor_is_shown_the_way_in():
    html = page("partials/person_menu.html", frame=frame(user=None))
    assert '<a class="button" href="/accounts/sign-in">' in html
    assert "sign-out" not in html


def test_the_chosen_theme_is_there_before_any_script():
    html = components(frame=frame(theme="dark"))
    assert '<html lang="en" data-theme="dark" data-kind="tenant">' in html
    assert '<meta name="color-scheme" content="dark">' in html


def test_without_a_choice_the_system_decides():
    html = components()
    assert '<html lang="en" data-theme="system"' in html
    assert '<meta name="color-scheme" content="light dark">' in html


def test_a_folded_sidebar_stays_folded():
    assert "frame--folded" in components(cookies="sidebar=folded")
    assert "frame--folded" not in components(cookies="sidebar=open")


def test_operators_are_told_where_they_are():
    assert "Operator console" in components(frame=frame(kind="operator"))
    assert "Operator console" not in components()


def test_the_mailbox_is_linked_in_development_only():
    assert "Mailbox" not in components()
    assert "/dev/mailbox/" in components(frame=frame(mailbox_url="/dev/mailbox/"))


def test_htmx_sends_the_token_and_runs_no_text_as_code():
    html = components()
    assert """hx-headers='{"X-CSRFToken": "the-token"}'""" in html
    assert '"allowEval":false' in html
    assert '"includeIndicatorStyles":false' in html


def test_messages_become_toasts():
    class Message:
        level_tag = "error"

        def __str__(self) -> str:
            return "The code is <wrong>."

    html = page("partials/toasts.html", messages=[Message()])
    assert 'role="status"' in html
    assert 'data-toast="error"' in html
    assert "The code is &lt;wrong&gt;." in html


def test_a_frame_without_context_still_stands():
    for name in ("base.html", "public.html", "focus.html"):
        assert "Tenantry" in render_to_string(name)

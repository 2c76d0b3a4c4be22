"""Error pages work when nothing else does."""

import pytest
from django.template.loader import render_to_string

from tenants.life.conduct import HOLD, MAINTENANCE, TABLE
from tests.platform.web.rendering import TEMPLATES, frame

PAGES = sorted(path.name for path in (TEMPLATES / "errors").glob("*.html"))
ERRORS = [name for name in PAGES if name[0].isdigit()]
#: Pages of one code, for workspaces that are not served.
STOPPED = [name for name in PAGES if name.startswith("tenant_")]


def test_the_statuses_that_have_a_page():
    names = "400 401 402 403 403_csrf 404 409 410 413 422 423 429 500 503"
    assert [f"{name}.html" for name in names.split()] == ERRORS


def test_every_code_of_a_stopped_workspace_has_a_page():
    refusals = [one.refusal for one in (*TABLE.values(), MAINTENANCE, HOLD)]
    codes = {refusal.code for refusal in refusals if refusal}
    names = {f"{code}.html" for code in codes - {"not_found"}}
    assert names | {"tenant_base.html"} == {*STOPPED, "payment_required.html"}
    assert "payment_required.html" in PAGES


@pytest.mark.parametrize("name", STOPPED)
def test_the_page_of_a_stopped_workspace_needs_no_context_and_leads_nowhere(name):
    html = render_to_string(f"errors/{name}", {"reference": "9f2c1ab7e001"})
    assert html.count("<h1>") == (name != "tenant_base.html")
    assert 'class="button' not in html
    assert "<code>9f2c1ab7e001</code>" in html


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_no_context(name):
    html = render_to_string(f"errors/{name}")
    assert html.count("<h1>") == 1
    assert "Error " + name[:3] in html
    assert "Reference" not in html


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_names_the_reference(name):
    html = render_to_string(f"errors/{name}", {"reference": "9f2c1ab7e001"})
    assert "<code>9f2c1ab7e001</code>" in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_django_finds_its_own_error_templates(name):
    assert render_to_string(f"{name}.html") == render_to_string(f"errors/{name}.html")


@pytest.mark.parametrize(
    "name",
    [
        *("402", "423", "503"),
        *(name.removesuffix(".html") for name in STOPPED),
    ],
)
def test_a_stopped_workspace_shows_no_brand(name):
    html = render_to_string(f"errors/{name}.html", {"frame": frame()})
    body = html.partition("<body")[2]
    assert "Acme" not in body
    assert "/branding.css" not in html


def test_a_conflict_gives_the_reason_as_text():
    html = render_to_string("errors/409.html", {"detail": "Bob holds <it>."})
    assert "Bob holds &lt;it&gt;." in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "in 1 second."), (30, "in 30 seconds."), (None, "wait a minute")],
)
def test_too_many_tries_says_how_long_to_wait(seconds, words):
    assert words in render_to_string("errors/429.html", {"retry_after": seconds})

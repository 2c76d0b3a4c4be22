"""Fields tell a person, and a screen reader, what to enter and what to mend."""

from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory

from config.components import ExampleForm
from tests.platform.web.rendering import page

WRONG = {"email": "alice(at)acme", "code": "K7MP", "kind": "holiday"}


def field(name: str, form: forms.Form | None = None, **words: object) -> str:
    values = {"field": (form or ExampleForm())[name], **words}
    return render_to_string("partials/field.html", values)


def test_a_hint_is_tied_to_its_field():
    html = field("name")
    assert 'aria-describedby="id_name_helptext"' in html
    assert '<div class="field__hint" id="id_name_helptext">As your' in html


def test_an_error_is_tied_to_its_field_and_keeps_what_was_typed():
    html = field("email", ExampleForm(WRONG))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email_error"' in html
    assert 'id="id_email_error"' in html
    assert 'value="alice(at)acme"' in html


def test_a_password_can_be_shown():
    html = field("password")
    assert 'data-password-show="id_password"' in html
    assert 'autocomplete="new-password"' in html


def test_a_code_gets_the_large_box():
    assert "field--code" in field("code")
    assert "field--code" not in field("name")


def test_radio_buttons_stand_in_a_named_group():
    html = field("answer", ExampleForm(WRONG))
    assert (
        '<fieldset class="field field--choices" aria-describedby="id_answer_error">'
        in html
    )
    assert '<legend class="field__label">Answer' in html


def test_other_words_replace_those_of_the_form():
    html = field("name", label="Full name", hint="Both parts.", optional=True)
    assert "Full name" in html
    assert "(optional)" in html
    assert "Both parts." in html
    assert "As your colleagues" not in html


def test_several_wrong_fields_are_listed_with_links():
    html = render_to_string("partials/form_errors.html", {"form": ExampleForm(WRONG)})
    assert 'role="alert"' in html
    assert '<a href="#id_email">E-mail address</a>' in html


def test_one_wrong_field_needs_no_list():
    right = {"name": "Alice", "password": "open", "answer": "approve"}
    form = ExampleForm(WRONG | right | {"start": "2026-08-03"})
    assert list(form.errors) == ["email"]
    assert render_to_string("partials/form_errors.html", {"form": form}).strip() == ""


def test_what_no_field_can_say_stands_above_the_form():
    form = ExampleForm(WRONG)
    form.add_error(None, "The sign-in is not right.")
    html = render_to_string("partials/form_errors.html", {"form": form})
    assert "The sign-in is not right." in html


def test_a_form_has_a_token_and_all_its_fields():
    html = page("partials/form.html", form=ExampleForm())
    assert 'name="csrfmiddlewaretoken" value="the-token"' in html
    for name in ExampleForm.base_fields:
        assert f'name="{name}"' in html


def test_a_known_state_has_its_word_and_tone():
    html = render_to_string("partials/badge.html", {"state": "Approved"})
    assert "badge--good" in html
    assert "Approved" in html
    assert "<svg" in html


def test_an_unknown_state_is_shown_in_its_own_words():
    html = render_to_string("partials/badge.html", {"state": "on hold", "tone": "warn"})
    assert "badge--warn" in html
    assert "On hold" in html


def test_the_pager_keeps_the_rest_of_the_address():
    request = RequestFactory().get("/", {"due": "late", "page": 2})
    values = {"page": Paginator(range(60), 20).page(2)}
    html = render_to_string("partials/pager.html", values, request)
    assert 'href="?due=late&amp;page=1"' in html
    assert 'href="?due=late&amp;page=3"' in html
    assert "21 to 40 of 60" in html

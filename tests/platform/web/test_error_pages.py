"""Error pages work when nothing else does."""

import pytest
from django.template.loader import render_to_string

from tests.platform.web.rendering import TEMPLATES, frame

ERRORS = sorted(
    path.name
    for path in (TEMPLATES / "errors").glob("*.html")
    if path.name != "base.html"
)


def test_the_statuses_that_have_a_page():
    names = "400 401 403 403_csrf 404 409 410 413 422 423 429 500 503"
    assert [f"{name}.html" for name in names.split()] == ERRORS


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


@pytest.mark.parametrize("name", ["423", "503"])
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

"""What people type wrongly: said at the right field, and the rest stays typed."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from accounts.limits import LIMITS
from accounts.models import User
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD

REGISTER = "/accounts/register"
EVE = {
    "first_name": "Eve",
    "last_name": "Newcomer",
    "email": "eve@elsewhere.test",
    "password": GOOD_PASSWORD,
}
LONG, HUGE = "x" * 5000, "x" * 1_000_000


def errors(answer) -> dict[str, str]:
    """Return what is said at each field; under "" what is said of the whole."""
    found = {
        field: unescape(words)
        for field, words in re.findall(
            r'id="id_(\w+)_error">.*?<span>(.*?)</span>', answer.text, re.DOTALL
        )
    }
    whole = re.search(r'banner--bad".*?<p>(.*?)</p>', answer.text, re.DOTALL)
    return {**found, **({"": unescape(whole[1])} if whole else {})}


def kept(answer) -> dict[str, str]:
    """Return what stands in the visible fields."""
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize("name", ["<b>Eve</b>", "Eve\r\nBcc: x@y.org", "http://x.org"])
def test_a34_a_name_that_is_none_is_refused_at_its_own_field(visitor, field, name):
    answer = visitor().post(REGISTER, {**EVE, field: name})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert "no markup, links or line breaks" in errors(answer)[field]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/accounts/profile", {"action": "names", "language": "", "time_zone": ""}),
        ("/accounts/people/new", {"email": "zoe@acme.test", "role": "member"}),
    ],
)
def test_a_last_name_is_refused_at_its_field_on_every_page(browser_of, path, more):
    sent = {"first_name": "Eve", "last_name": "<i>", **more}
    answer = browser_of("admin").post(path, sent)
    assert answer.status_code == 422
    assert list(errors(answer)) == ["last_name"]


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "password"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "This field is required."),
        ("   ", "This field is required."),
        (LONG, "This is too long: write at most"),
        (HUGE, "This is too long: write at most"),
        ("a\x00b", "Remove the characters that cannot be stored."),
    ],
    ids=["empty", "blanks", "long", "huge", "NUL"],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_the_rest_stays(
    visitor, field, typed, said
):
    answer = visitor().post(REGISTER, {**EVE, field: typed})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert errors(answer)[field].startswith(said)
    others = set(EVE) - {field, "password"}
    assert {name: kept(answer)[name] for name in others} == {
        name: EVE[name] for name in others
    }
    assert GOOD_PASSWORD not in answer.text


@pytest.mark.parametrize("password", [" " * 20, "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t"])
def test_a_new_password_of_blanks_is_none(browser_of, password):
    sent = {
        "current_password": "open",
        "password": password,
        "password_verify": password,
    }
    answer = browser_of("bob").post("/accounts/security", sent)
    assert errors(answer)["password"] == "This field is required."


def test_blanks_around_a_password_are_kept(visitor, acme, code_for):
    sent = {**EVE, "password": f" {GOOD_PASSWORD} "}
    client = visitor()
    client.post(REGISTER, sent)
    client.post("/accounts/verify", {"code": code_for(EVE["email"])})
    signed = {"username": EVE["email"], "password": GOOD_PASSWORD}
    assert client.post("/accounts/sign-in", signed).status_code == 422
    signed["password"] = sent["password"]
    assert client.post("/accounts/sign-in", signed).status_code == 302
    with use(acme):
        assert User.objects.filter(email_norm=EVE["email"], is_active=True).exists()


def test_an_emoji_is_a_name_as_any_other(visitor):
    answer = visitor().post(REGISTER, {**EVE, "first_name": "😀"})
    assert answer["Location"] == "/accounts/verify"


@pytest.mark.parametrize("path", [REGISTER, "/accounts/sign-in", "/accounts/forgot"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_form_above_the_limit_is_answered_by_a_page_of_ours(
    visitor, settings, path, debug
):
    settings.DEBUG = debug
    sent = urlencode({**EVE, "password": "x" * 1_200_000})
    client = visitor()
    client.handler.enforce_csrf_checks = True
    answer = client.post(path, sent, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert "This is too large" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.usefixtures("at_ten")
def test_whoever_has_to_wait_is_told_how_long(visitor):
    client = visitor()
    sent = {"username": "nobody", "password": "wrong wrong wrong"}
    for _ in range(LIMITS["sign_in.client"].most):
        client.post("/accounts/sign-in", sent)
    answer = client.post("/accounts/sign-in", sent)
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert re.search(r"Wait (a minute|\d+ minutes) and try again\.", answer.text)


def test_the_code_pages_say_what_to_do_when_no_mail_comes(visitor):
    client = visitor()
    client.post(REGISTER, EVE)
    assert "No mail after a minute?" in client.get("/accounts/verify").text
    client.post("/accounts/forgot", {"email": "nobody@elsewhere.test"})
    assert "No mail after a minute?" in client.get("/accounts/reset-code").text

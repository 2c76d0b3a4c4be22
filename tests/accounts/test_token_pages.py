"""The pages of API tokens, without a script: list, make, show once, rotate, end."""

import re

import pytest

from accounts import api_tokens, service_accounts
from accounts.models import ApiToken, SecurityEvent, User
from tenants.context import use

TOKENS = "/accounts/tokens"
NEW = f"{TOKENS}/new"
NEW_ACCOUNT = f"{TOKENS}/service-accounts/new"
TEXT = re.compile(r"tn[ps]_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
WALL = {"name": "Wall", "scopes": ["profile:read"], "days": "30"}


def texts(answer):
    return TEXT.findall(answer.text)


def me(visitor, text):
    header = {"authorization": f"Bearer {text}"}
    return visitor().get("/api/protected/me", headers=header).status_code


@pytest.fixture
def token(acme, bob):
    with use(acme):
        made = api_tokens.create(owner=bob, name="Wall", scopes_named=["profile:read"])
        return made.token


def test_nobody_comes_in_without_a_session(visitor, token):
    for path in (TOKENS, NEW, f"{TOKENS}/{token.pk}", NEW_ACCOUNT):
        for send in (visitor().get, visitor().post):
            assert send(path)["Location"].startswith("/accounts/sign-in?next=")


def test_the_settings_lead_to_the_tokens(browser_of):
    answer = browser_of("bob").get(TOKENS)
    assert answer.status_code == 200
    assert 'href="/accounts/tokens"' in answer.text
    assert "You have no token" in answer.text
    assert "style=" not in answer.text
    assert "no-store" in answer["Cache-Control"]


def test_the_secret_is_shown_on_the_page_after_the_form_and_never_again(
    browser_of, visitor, acme
):
    client = browser_of("bob")
    shown = client.post(NEW, WALL)
    (text,) = texts(shown)
    assert "no-store" in shown["Cache-Control"]
    assert me(visitor, text) == 200
    with use(acme):
        pk = ApiToken.objects.get().pk
        assert SecurityEvent.objects.get(name="api_token.created").via == "session"
    for path in (TOKENS, f"{TOKENS}/{pk}", NEW):
        answer = client.get(path)
        assert text.split("_")[2] not in answer.text
    assert "Wall" in client.get(TOKENS).text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "a\r\nb"}, "no markup"),
        ({"name": "<b>"}, "no markup"),
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"scopes": ["users:read"]}, "not one of the available choices"),
        ({"days": "367"}, "not one of the available choices"),
        ({"days": "x"}, "not one of the available choices"),
    ],
    ids=str,
)
def test_a_wrong_form_says_why_and_makes_nothing(browser_of, acme, change, words):
    answer = browser_of("bob").post(NEW, WALL | change)
    assert answer.status_code == 422
    assert words in answer.text
    with use(acme):
        assert not ApiToken.objects.exists()


def test_a_form_that_names_another_owner_makes_ones_own(browser_of, acme, bob, admin):
    browser_of("bob").post(NEW, WALL | {"owner": admin.pk})
    with use(acme):
        assert ApiToken.objects.get().user_id == bob.pk


def test_a_rotation_says_how_long_the_old_secret_works(browser_of, visitor, token):
    client = browser_of("bob")
    path = f"{TOKENS}/{token.pk}/rotate"
    assert "go on working" in client.get(path).text
    shown = client.post(path, {"hours": "24"})
    assert "The old secret works until" in shown.text
    assert me(visitor, texts(shown)[0]) == 200
    again = client.post(path, {"hours": "24"}, follow=True)
    assert "has a successor already" in again.text
    assert client.post(path, {"hours": "999"}).status_code == 422


def test_a_token_is_asked_about_before_it_is_revoked(browser_of, token, acme):
    client = browser_of("bob")
    path = f"{TOKENS}/{token.pk}/revoke"
    assert "is refused at once" in client.get(path).text
    with use(acme):
        assert ApiToken.objects.get().is_working
    assert client.post(path)["Location"] == TOKENS
    with use(acme):
        assert ApiToken.objects.get().state == "revoked"


def test_somebody_elses_token_is_missing_and_an_administrator_may_only_end_it(
    browser_of, token, acme
):
    alice, admin = browser_of("alice"), browser_of("admin")
    for end in ("", "/rotate", "/revoke"):
        path = f"{TOKENS}/{token.pk}{end}"
        assert alice.get(path).status_code == 404
        assert alice.post(path).status_code == 404
    assert "Wall" in admin.get(TOKENS).text
    detail = admin.get(f"{TOKENS}/{token.pk}").text
    assert "/revoke" in detail
    assert "/rotate" not in detail
    assert admin.post(f"{TOKENS}/{token.pk}/rotate", {"hours": "0"}).status_code == 302
    with use(acme):
        assert ApiToken.objects.count() == 1
    admin.post(f"{TOKENS}/{token.pk}/revoke")
    with use(acme):
        assert ApiToken.objects.get().state == "revoked"


@pytest.mark.parametrize("number", ["999999", "9" * 30])
def test_a_token_that_is_not_there_is_missing(browser_of, number):
    client = browser_of("admin")
    for end in ("", "/rotate", "/revoke"):
        assert client.get(f"{TOKENS}/{number}{end}").status_code == 404
    assert client.get(f"{TOKENS}/service-accounts/{number}").status_code == 404


def test_an_administrator_makes_a_service_account_and_its_token(
    browser_of, visitor, acme
):
    client = browser_of("admin")
    answer = client.post(
        NEW_ACCOUNT,
        {
            "name": "Payroll",
            "permissions": ["workflow.can_instantiate"],
            "groups": ["Employees"],
        },
    )
    page = client.get(answer["Location"])
    assert "Start requests" in page.text
    assert "Employees" in page.text
    number = answer["Location"].rpartition("/")[2]
    assert f"/accounts/tokens/new?for={number}" in page.text
    asked = client.get(f"{NEW}?for={number}").text
    assert f'<option value="{number}" selected>Payroll</option>' in asked
    (text,) = texts(client.post(NEW, WALL | {"owner": number}))
    assert me(visitor, text) == 200
    end = f"{answer['Location']}/deactivate"
    assert "1 token of it works at present" in client.get(end).text
    said = client.post(end, follow=True)
    assert "1 token stopped working" in said.text
    assert me(visitor, text) == 401
    with use(acme):
        assert not User.objects.get(pk=number).is_active


def test_a_taken_name_is_told_at_its_field(browser_of):
    answer = browser_of("admin").post(NEW_ACCOUNT, {"name": "bob"})
    assert answer.status_code == 422
    assert "has an account already" in answer.text


def test_a_member_finds_no_service_accounts(browser_of, acme):
    with use(acme):
        robot = service_accounts.create(name="Payroll")
    client = browser_of("bob")
    assert "Payroll" not in client.get(TOKENS).text
    for path in (NEW_ACCOUNT, f"{TOKENS}/service-accounts/{robot.pk}"):
        assert client.get(path).status_code == 403
        assert client.post(path, {"name": "x"}).status_code == 403
    path = f"{TOKENS}/service-accounts/{robot.pk}/deactivate"
    assert client.post(path).status_code == 403
    with use(acme):
        assert User.objects.get(pk=robot.pk).is_active


def test_a34_a_name_is_shown_as_it_was_typed(browser_of, acme, bob):
    with use(acme):
        api_tokens.create(owner=bob, name="A & B", scopes_named=["profile:read"])
    assert "A &amp; B" in browser_of("bob").get(TOKENS).text

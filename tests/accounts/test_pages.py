"""The account flows in the browser, without a script: forms, cookies, sessions."""

import re

import pytest
from django.test import Client

from accounts.models import Challenge, User
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD, code_in

BOB = "bob@acme.test"
NEWCOMER = "newcomer@example.com"
SIGN_IN = "/accounts/sign-in"


def sign_in(client, username="bob", password=twins.PASSWORD, **more):
    return client.post(SIGN_IN, {"username": username, "password": password, **more})


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("sign-in", "Sign in"),
        ("register", "Create an account"),
        ("forgot", "Forgot your password?"),
        ("set-password", "Set your password"),
    ],
)
def test_each_first_page_shows_one_heading_and_its_form(visitor, db, page, heading):
    answer = visitor().get(f"/accounts/{page}")
    assert answer.status_code == 200
    headings = re.findall(r"<h1>(.*?)</h1>", answer.text)
    assert [heading] == headings
    assert "Acme" in answer.text
    assert "csrfmiddlewaretoken" in answer.text
    assert "style=" not in answer.text
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("page", "target"),
    [("verify", "register"), ("reset-code", "forgot"), ("new-password", "forgot")],
)
def test_a_later_page_leads_back_to_its_beginning(visitor, db, page, target):
    answer = visitor().get(f"/accounts/{page}")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/{target}")


def test_signing_in_leads_where_the_person_wanted_to_go(visitor, db):
    client = visitor()
    answer = sign_in(client, next="/leave/?page=2")
    assert (answer.status_code, answer["Location"]) == (302, "/leave/?page=2")
    assert client.get(SIGN_IN)["Location"] == "/"


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "\x00",
        "/%0d%0aX: y\r\nX: y",
    ],
)
def test_signing_in_never_leads_to_another_host(visitor, db, target):
    location = sign_in(visitor(), next=target)["Location"]
    assert location == "/" or location.startswith("/%")
    assert "evil.example" not in location


def test_the_session_key_changes_at_sign_in_and_ends_at_sign_out(visitor, db):
    client = visitor()
    client.get(SIGN_IN)
    client.post("/accounts/forgot", {"email": BOB})
    before = client.cookies["sessionid"].value
    sign_in(client)
    after = client.cookies["sessionid"].value
    assert after != before
    answer = client.post("/accounts/sign-out")
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    client.cookies["sessionid"] = after
    assert client.get(SIGN_IN).status_code == 200


def test_signing_out_needs_a_post(browser_of):
    assert browser_of("bob").get("/accounts/sign-out").status_code == 405


def test_a_wrong_sign_in_says_one_thing_and_keeps_the_name(visitor, db):
    for username in ("bob", "nobody"):
        answer = sign_in(visitor(), username, "wrong")
        assert answer.status_code == 422
        assert "The user name or the password is not right." in answer.text
        assert f'value="{username}"' in answer.text
        assert "wrong" not in answer.text.replace("wrong.", "")


def test_a_session_of_acme_is_nobody_at_globex(browser_of, globex):
    cookie = browser_of("bob").cookies["sessionid"].value
    stranger = Client(headers={"host": "globex.localhost"})
    stranger.cookies["sessionid"] = cookie
    assert stranger.get(SIGN_IN).status_code == 200


def test_a_copied_session_row_is_nobody_at_globex_although_the_users_are_equal(
    browser_of, acme, globex
):
    from django.contrib.sessions.models import Session

    cookie = browser_of("bob").cookies["sessionid"].value
    with use(acme):
        row = Session.objects.get(pk=cookie)
        hashed = User.objects.get(username="bob").password
    with use(globex):
        User.objects.filter(username="bob").update(password=hashed)
        Session(row.session_key, row.session_data, row.expire_date).save()
    stranger = Client(headers={"host": "globex.localhost"})
    stranger.cookies["sessionid"] = cookie
    assert stranger.get(SIGN_IN).status_code == 200


def test_a_new_token_version_ends_the_browser_session(browser_of, acme):
    client = browser_of("bob")
    assert client.get(SIGN_IN).status_code == 302
    with use(acme):
        User.objects.filter(username="bob").update(token_version=9)
    assert client.get(SIGN_IN).status_code == 200


def test_a_deactivated_person_is_out_at_the_next_page(browser_of, acme):
    client = browser_of("bob")
    with use(acme):
        User.objects.filter(username="bob").update(
            is_active=False, deactivated_at=clock.now()
        )
    assert client.get(SIGN_IN).status_code == 200


def test_a_person_registers_and_signs_in_by_pages(visitor, letters, acme):
    client = visitor()
    form = {
        "first_name": "Newcomer",
        "last_name": "Example",
        "email": NEWCOMER,
        "password": GOOD_PASSWORD,
    }
    answer = client.post("/accounts/register", form)
    assert answer["Location"] == "/accounts/verify"
    assert answer.cookies["flow_register"]["httponly"]
    page = client.get("/accounts/verify")
    assert NEWCOMER in page.text
    assert 'autocomplete="one-time-code"' in page.text
    miss = client.post("/accounts/verify", {"code": "ABCDEF"})
    assert miss.status_code == 422
    assert "Tries left: 2." in miss.text
    answer = client.post("/accounts/verify", {"code": code_in(letters(NEWCOMER)[0])})
    assert answer["Location"] == SIGN_IN
    page = client.get(SIGN_IN)
    assert "Your address is confirmed." in page.text
    assert f'value="{NEWCOMER}"' in page.text
    assert sign_in(client, NEWCOMER, GOOD_PASSWORD).status_code == 302


def test_a_person_forgets_and_chooses_a_new_password_by_pages(visitor, letters):
    client = visitor()
    answer = client.post("/accounts/forgot", {"email": BOB})
    assert answer["Location"] == "/accounts/reset-code"
    code = code_in(letters(BOB)[0])
    answer = client.post("/accounts/reset-code", {"code": f"{code[:3]} {code[3:]}"})
    assert answer["Location"] == "/accounts/new-password"
    assert answer.cookies["reset_ticket"]["httponly"]
    weak = {"password": "short", "password_verify": "short"}
    refused = client.post("/accounts/new-password", weak)
    assert refused.status_code == 422
    assert "at least 15 characters" in refused.text
    assert "short" not in refused.text
    differs = {"password": GOOD_PASSWORD, "password_verify": OTHER_PASSWORD}
    assert client.post("/accounts/new-password", differs).status_code == 422
    good = {"password": GOOD_PASSWORD, "password_verify": GOOD_PASSWORD}
    assert client.post("/accounts/new-password", good)["Location"] == SIGN_IN
    assert sign_in(client, "bob", GOOD_PASSWORD).status_code == 302


def test_an_unknown_address_sees_the_same_pages(visitor, db):
    pages = []
    for address in (BOB, "nob@acme.test"):
        client = visitor()
        answer = client.post("/accounts/forgot", {"email": address})
        page = client.get(answer["Location"]).text.replace(address, "X")
        pages.append(re.sub(r'(value="|Token": ")[^"]{20,}"', "", page))
    assert pages[0] == pages[1]


def test_a_new_code_can_be_asked_for(visitor, letters):
    from datetime import timedelta

    client = visitor()
    with clock.frozen():
        client.post("/accounts/forgot", {"email": BOB})
        letters(BOB)
        clock.advance(timedelta(minutes=1))
        again = client.post("/accounts/reset-code", {"again": "1"})
        assert again["Location"] == "/accounts/reset-code"
        new, old = letters(BOB)
        assert code_in(new) != code_in(old)


def test_the_owner_sets_the_first_password_with_the_link_of_the_mail(
    visitor, letters, acme
):
    mail = letters("owner@acme.test")[-1]
    assert mail.subject == "Your account at Acme is ready"
    link = re.search(
        r"http://acme\.localhost\S*/accounts/set-password#ticket=(\S+)", mail.text
    )
    client = visitor()
    form = {
        "ticket": link[1],
        "password": GOOD_PASSWORD,
        "password_verify": GOOD_PASSWORD,
    }
    assert client.post("/accounts/set-password", form)["Location"] == SIGN_IN
    assert sign_in(client, "owner@acme.test", GOOD_PASSWORD).status_code == 302
    again = client.post("/accounts/set-password", form)
    assert "This link was used already or has expired." in again.text
    with use(acme):
        owner = User.objects.get(role="owner")
        assert owner.is_email_verified


def test_a_robot_that_fills_the_hidden_field_is_refused(visitor, acme):
    answer = visitor().post("/accounts/forgot", {"email": BOB, "company": "Robots"})
    assert answer.status_code == 422
    with use(acme):
        assert not Challenge.objects.filter(email_norm=BOB).exists()


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("sign-in", {"username": "a\x00b", "password": "x"}),
        ("sign-in", {"username": "\ud800", "password": "x"}),
        ("sign-in", {"username": "x" * 5000, "password": "x" * 5000}),
        ("sign-in", {}),
        ("register", {"email": "a\x00b"}),
        (
            "register",
            {
                "first_name": "<b>",
                "last_name": "x",
                "email": NEWCOMER,
                "password": GOOD_PASSWORD,
            },
        ),
        ("forgot", {"email": "x" * 5000}),
        ("set-password", {"password": GOOD_PASSWORD, "password_verify": GOOD_PASSWORD}),
        ("set-password", {"ticket": "\x00"}),
    ],
    ids=str,
)
def test_bad_input_shows_the_form_again(visitor, db, page, form):
    encoded = "&".join(
        f"{key}={value.encode('utf-8', 'surrogatepass').hex(' ').replace(' ', '%')}"
        for key, value in form.items()
    )
    encoded = re.sub(r"=(?=[0-9a-f])", "=%", encoded)
    answer = visitor().post(
        f"/accounts/{page}", encoded, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 422
    assert "csrfmiddlewaretoken" in answer.text


def test_pages_need_the_token_of_their_form(db):
    client = Client(enforce_csrf_checks=True, headers={"host": "acme.localhost"})
    assert sign_in(client).status_code == 403


def test_a_forced_change_goes_straight_to_the_new_password(visitor, acme):
    with use(acme):
        User.objects.filter(username="bob").update(force_password_reset=True)
    client = visitor()
    assert sign_in(client)["Location"] == "/accounts/new-password"
    good = {"password": GOOD_PASSWORD, "password_verify": GOOD_PASSWORD}
    assert client.post("/accounts/new-password", good)["Location"] == SIGN_IN
    assert sign_in(client, "bob", GOOD_PASSWORD).status_code == 302


def test_too_many_sign_ins_are_a_429_page_with_the_form(visitor, frozen_clock, db):
    for _ in range(5):
        sign_in(visitor(), "bob", "no")
    answer = sign_in(visitor(), "bob")
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert "Too many requests." in answer.text


def test_operators_sign_in_on_the_public_host_and_find_no_registration(visitor, db):
    from accounts.operators import create
    from tenants.context import use_control

    with use_control():
        create(username="operator", email="operator@tenantry.test", password="open")
    client = visitor("localhost")
    page = client.get(SIGN_IN)
    assert "For operators of the platform." in page.text
    assert "/accounts/register" not in page.text
    assert client.get("/accounts/register").status_code == 404
    answer = sign_in(client, "operator")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_an_operator_is_nobody_in_a_tenant(visitor, db):
    assert sign_in(visitor(), "operator").status_code == 422

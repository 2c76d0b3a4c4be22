"""Forgotten and changed passwords: code, ticket, new password; who learns what."""

from datetime import timedelta

import pytest

from accounts import challenges, passwords, recovery
from accounts.errors import ReauthenticationRequired
from accounts.models import Challenge, MailMessage, RefreshSession, SecurityEvent, User
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD, TEN_O_CLOCK, wrong

FORGOT = "/api/accounts/forgot-password"
VERIFY = "/api/accounts/verify-code"
CHANGE = "/api/accounts/change-password"
BOB = "bob@acme.test"


def forgot(post, email=BOB, **more):
    return post(FORGOT, {"email": email}, **more)


def verify(post, flow, code, email=BOB, **more):
    return post(VERIFY, {"email": email, "code": code, "flow": flow}, **more)


def change(post, ticket, password=GOOD_PASSWORD, email=BOB, **more):
    body = {
        "email": email,
        "password": password,
        "passwordVerify": password,
        "ticket": ticket,
    }
    return post(CHANGE, body, **more)


def may_sign_in(post, password, username="bob", **more):
    body = {"username": username, "password": password}
    return post("/api/auth/mobile/sign-in", body, **more).status_code == 200


@pytest.fixture
def ticket(post, code_for, acme):
    """Return a reset ticket of bob's."""
    flow = forgot(post).json()["flow"]
    return verify(post, flow, code_for(BOB)).json()["ticket"]


def test_a_code_earns_a_ticket_and_the_ticket_a_new_password(post, code_for):
    asked = forgot(post)
    assert asked.status_code == 200
    assert asked.json()["detail"] == "If the email exists, a reset code has been sent."
    verified = verify(post, asked.json()["flow"], code_for(BOB))
    assert verified.status_code == 200
    assert verified.json() == {
        "detail": "Code verified.",
        "purpose": "reset",
        "ticket": verified.json()["ticket"],
        "ticket_expires_in": 600,
    }
    changed = change(post, verified.json()["ticket"])
    assert changed.status_code == 200
    assert changed.json() == {"detail": "Password changed successfully."}
    assert may_sign_in(post, GOOD_PASSWORD)
    assert not may_sign_in(post, "open")


def test_a_browser_needs_its_cookies_only(post, visitor, code_for):
    client = visitor()
    forgot(post, client=client)
    verified = post(VERIFY, {"email": BOB, "code": code_for(BOB)}, client=client)
    assert verified.cookies["reset_ticket"]["samesite"] == "Strict"
    body = {"email": BOB, "password": GOOD_PASSWORD, "passwordVerify": GOOD_PASSWORD}
    assert post(CHANGE, body, client=client).status_code == 200
    assert may_sign_in(post, GOOD_PASSWORD)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(post, letters, acme):
    known, unknown = forgot(post), forgot(post, "nobody@example.com")
    assert known.status_code == unknown.status_code == 200
    assert known.json()["detail"] == unknown.json()["detail"]
    assert sorted(known.headers) == sorted(unknown.headers)
    assert [letter.to for letter in letters() if "owner" not in letter.to[0]] == [[BOB]]
    miss = verify(post, unknown.json()["flow"], "ABCDEF", "nobody@example.com")
    assert (miss.status_code, miss.json()["attempts_remaining"]) == (202, 2)


def test_known_and_unknown_addresses_cost_the_same_statements(post, acme):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for email in ("warm@example.com", BOB, "nobody@example.com"):
        with use(acme), CaptureQueriesContext(connection) as queries:
            forgot(post, email)
        counts.append([query["sql"].split()[0] for query in queries])
    assert counts[1] == counts[2]


def test_a_deactivated_person_gets_no_code_and_stays_out(post, letters, acme, bob):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(
            is_active=False, deactivated_at=clock.now()
        )
    assert forgot(post).status_code == 200
    assert letters(BOB) == []
    with use(acme):
        assert not User.objects.get(pk=bob.pk).is_active


def test_somebody_deactivated_in_between_earns_no_ticket(post, code_for, acme, bob):
    flow = forgot(post).json()["flow"]
    code = code_for(BOB)
    with use(acme):
        User.objects.filter(pk=bob.pk).update(
            is_active=False, deactivated_at=clock.now()
        )
    assert verify(post, flow, code).status_code == 202


def test_an_unverified_person_proves_the_mailbox_first(post, letters, acme, bob):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(is_active=False, email_verified_at=None)
    flow = forgot(post).json()["flow"]
    mail = letters(BOB)[0]
    assert mail.subject == "Your code to finish the registration at Acme"
    from tests.accounts.conftest import code_in

    verified = verify(post, flow, code_in(mail)).json()
    assert verified["purpose"] == "register"
    assert change(post, verified["ticket"]).status_code == 200
    assert may_sign_in(post, GOOD_PASSWORD)


def test_w09_a_strangers_request_never_cancels_a_pending_code(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        owner = forgot(post).json()["flow"]
        code = code_for(BOB)
        for _ in range(3):
            clock.advance(timedelta(minutes=1))
            stranger = forgot(post).json()["flow"]
            for _ in range(3):
                verify(post, stranger, "ABCDEF")
        assert verify(post, owner, code).status_code == 200


def test_a_code_needs_the_flow_that_asked_for_it(post, code_for, acme):
    with clock.frozen(TEN_O_CLOCK):
        owner = forgot(post).json()["flow"]
        code = code_for(BOB)
        clock.advance(timedelta(minutes=1))
        stranger = forgot(post).json()["flow"]
        assert verify(post, stranger, code).json()["attempts_remaining"] == 2
        assert "ticket" not in verify(post, "", code).json()
        assert verify(post, owner, code).status_code == 200


def test_a_ticket_works_once(post, ticket):
    assert change(post, ticket).status_code == 200
    again = change(post, ticket, OTHER_PASSWORD)
    assert (again.status_code, again.json()["code"]) == (400, "ticket_required")
    assert may_sign_in(post, GOOD_PASSWORD)


def test_a_ticket_lives_ten_minutes(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        flow = forgot(post).json()["flow"]
        ticket = verify(post, flow, code_for(BOB)).json()["ticket"]
        clock.advance(timedelta(minutes=10, seconds=1))
        late = change(post, ticket)
    assert (late.status_code, late.json()["code"]) == (400, "ticket_required")


def test_a_ticket_sets_nobody_elses_password(post, ticket):
    other = change(post, ticket, email="carol@acme.test")
    assert (other.status_code, other.json()["code"]) == (400, "ticket_required")
    assert may_sign_in(post, "open", "carol")
    assert change(post, ticket).status_code == 200


def test_a_ticket_of_acme_is_worth_nothing_at_globex(post, ticket, globex):
    at_globex = change(post, ticket, email="bob@globex.test", host="globex.localhost")
    assert at_globex.json()["code"] == "ticket_required"
    same_address = change(post, ticket, host="globex.localhost")
    assert same_address.json()["code"] == "ticket_required"
    assert may_sign_in(post, "open", host="globex.localhost")
    assert change(post, ticket).status_code == 200


def test_a_change_without_a_code_is_refused(post, acme):
    answer = change(post, "")
    assert answer.json()["detail"] == "Password reset verification required."
    assert change(post, "x" * 43).json()["code"] == "ticket_required"


def test_a_refused_password_does_not_spend_the_ticket(post, ticket):
    assert change(post, ticket, "short").json()["code"] == "password_too_short"
    contextual = change(post, ticket, "bob-bob-acme-2026")
    assert contextual.json()["code"] == "password_contextual"
    assert change(post, ticket).status_code == 200


def test_a_new_password_ends_every_device_and_is_told(post, ticket, token, api, acme):
    text = token("bob")
    change(post, ticket)
    with use(acme):
        assert RefreshSession.objects.get().revoked_reason == "password_changed"
        assert SecurityEvent.objects.filter(name="password.changed").count() == 1
        notice = MailMessage.objects.get(template="accounts/password_changed")
        assert notice.to == [BOB]
    from django.test import Client

    answer = Client(headers={"host": "acme.localhost"}).get(
        "/api/protected/me", headers={"authorization": f"Bearer {text}"}
    )
    assert answer.status_code == 401


def test_an_open_code_dies_with_a_new_password(post, code_for, ticket, acme):
    change(post, ticket)
    with use(acme):
        assert (
            not Challenge.objects.open(at=clock.now()).filter(email_norm=BOB).exists()
        )


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"currentPassword": "open"}, 200, None),
        ({"currentPassword": "wrong"}, 403, "reauthentication_required"),
        ({"currentPassword": None}, 403, "reauthentication_required"),
        ({"currentPassword": "open", "email": "carol@acme.test"}, 400, "wrong_account"),
        ({"currentPassword": "open", "passwordVerify": "x"}, 400, "password_mismatch"),
        (
            {"currentPassword": "open", "password": "a", "passwordVerify": "a"},
            400,
            "password_too_short",
        ),
    ],
)
def test_a_signed_in_person_changes_the_password_with_the_current_one(
    api, post, more, status, code
):
    client = api("bob")
    body = {
        "email": BOB,
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
    } | more
    answer = post(CHANGE, body, client=client)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert may_sign_in(post, GOOD_PASSWORD) is (status == 200)


def test_the_device_that_changes_the_password_stays_and_others_go(post, visitor, acme):
    sign_in = {"username": "bob", "password": "open"}
    here = post("/api/auth/mobile/sign-in", sign_in).json()
    there = post("/api/auth/mobile/sign-in", sign_in).json()
    body = {
        "email": BOB,
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
        "currentPassword": "open",
    }
    answer = post(CHANGE, body, Authorization=f"Bearer {here['access']}")
    fresh = answer.json()["access"]

    def me(token):
        header = {"authorization": f"Bearer {token}"}
        return visitor().get("/api/protected/me", headers=header).status_code

    assert [me(fresh), me(here["access"]), me(there["access"])] == [200, 401, 401]
    refresh = "/api/auth/mobile/token-refresh"
    assert post(refresh, {"refresh": here["refresh"]}).status_code == 200
    assert post(refresh, {"refresh": there["refresh"]}).status_code == 401


def test_a_stolen_token_guesses_the_password_ten_times_an_hour(api, post):
    client = api("bob")
    body = {
        "email": BOB,
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
        "currentPassword": "no",
    }
    with clock.frozen(TEN_O_CLOCK):
        answers = [post(CHANGE, body, client=client).status_code for _ in range(11)]
    assert answers == [403] * 10 + [429]


def test_code_mails_are_limited_and_the_answer_stays_the_same(post, letters):
    with clock.frozen(TEN_O_CLOCK):
        flow, answers = "", []
        for _ in range(7):
            answer = post(FORGOT, {"email": BOB, "flow": flow})
            flow = answer.json()["flow"]
            answers.append(answer.status_code)
            clock.advance(timedelta(minutes=1))
        assert answers == [200] * 7
        assert len(letters(BOB)) == 5


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (FORGOT, {"email": ""}, 400, "missing_fields"),
        (FORGOT, {"email": "nonsense"}, 400, "email_invalid"),
        (FORGOT, {"email": BOB, "company": "x"}, 400, "blocked"),
        (FORGOT, {"email": 5}, 422, "invalid_body"),
        (FORGOT, {"email": "a\x00@example.com"}, 422, "invalid_body"),
        (VERIFY, {"email": BOB}, 400, "missing_fields"),
        (VERIFY, {"email": BOB, "code": 123456}, 422, "invalid_body"),
        (VERIFY, {"email": BOB, "code": "ABCDEF"}, 202, "code_invalid"),
        (VERIFY, {"email": "nonsense", "code": "ABCDEF"}, 202, "code_invalid"),
        (VERIFY, {"email": BOB, "code": "A", "company": "x"}, 400, "blocked"),
        (VERIFY, {"email": BOB, "code": "A", "flow": "x" * 4096}, 202, "code_invalid"),
        (CHANGE, {"email": BOB}, 400, "missing_fields"),
        (
            CHANGE,
            {"email": BOB, "password": "a", "passwordVerify": "a"},
            400,
            "ticket_required",
        ),
        (CHANGE, {"email": BOB, "password": [], "ticket": {}}, 422, "invalid_body"),
        (
            CHANGE,
            {"email": BOB, "password": "x", "company": "x"},
            400,
            "blocked",
        ),
    ],
    ids=str,
)
def test_bad_input_is_refused(post, path, body, status, code):
    answer = post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (FORGOT, "Password reset blocked."),
        (VERIFY, "Verification blocked."),
        (CHANGE, "Bot detected. Change password blocked."),
    ],
)
def test_each_honeypot_has_the_seeds_sentence(post, acme, path, sentence):
    assert post(path, {"company": "Robots"}).json()["detail"] == sentence


@pytest.mark.parametrize("path", [FORGOT, VERIFY, CHANGE, "/api/accounts/register"])
def test_another_site_cannot_use_the_cookies(post, acme, path):
    answer = post(path, {}, **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_a12_no_table_holds_a_code_a_ticket_or_a_flow(post, code_for, acme):
    from django.apps import apps

    flow = forgot(post).json()["flow"]
    code = code_for(BOB)
    ticket = verify(post, flow, code).json()["ticket"]
    with use(acme):
        rows = [
            str({f.name: f.value_from_object(row) for f in row._meta.concrete_fields})
            for model in apps.get_app_config("accounts").get_models()
            for row in model.objects.all()
        ]
    assert rows
    for secret in (flow, code, ticket):
        assert not any(secret in row for row in rows)


def test_the_right_code_counts_for_its_tenant_only(
    post, code_for, globex, acme, letters
):
    """Equal rows on both tenants: the hash is bound to the tenant as well."""
    flow = forgot(post).json()["flow"]
    code = code_for(BOB)
    answer = verify(post, flow, code, "bob@globex.test", host="globex.localhost")
    assert answer.status_code == 202
    with use(globex):
        assert not Challenge.objects.exclude(purpose="setup").exists()


def test_the_own_account_is_told_to_its_owner(api, bob):
    answer = api("bob").get("/api/accounts/user")
    assert answer.status_code == 200
    assert answer.json() | {"last_sign_in_at": None} == {
        "id": bob.pk,
        "username": "bob",
        "email": BOB,
        "first_name": "Bob",
        "last_name": "Acme",
        "is_active": True,
        "force_password_reset": False,
        "groups": ["Employees", "Managers"],
        "email_verified": True,
        "role": "member",
        "mfa_enabled": False,
        "last_sign_in_at": None,
    }
    assert answer["Cache-Control"] == "no-store"


def test_the_own_account_needs_a_token(visitor, db):
    assert visitor().get("/api/accounts/user").status_code == 401


def test_a39_the_seeds_python_sequence_works_unchanged(in_acme, letters, code_for):
    from accounts.services import memory
    from accounts.services.auth_flow import (
        change_password,
        register_user_and_send_verification_email,
        send_forgot_password_code,
        verify_reset_code,
    )

    memory.forget()
    password = "another calm sentence"
    result = register_user_and_send_verification_email(
        email="person@example.com",
        first_name="First",
        last_name="Last",
        password="example passwords rhyme",
    )
    assert result.success
    registered = verify_reset_code(
        email="person@example.com", code=code_for("person@example.com")
    )
    assert registered.status_code == 200
    assert registered.auto_login_after_verify
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert send_forgot_password_code("person@example.com").success
        verify = verify_reset_code(
            email="person@example.com", code=code_for("person@example.com")
        )
        assert verify.payload["purpose"] == "reset"
        changed = change_password(
            email="person@example.com",
            password=password,
            password_verify=password,
        )
    assert changed.success
    assert changed.message == "Password changed successfully."
    assert changed.auto_login_after_change


def test_python_code_learns_that_an_address_is_taken(in_acme):
    from accounts.services.auth_flow import register_user_and_send_verification_email

    result = register_user_and_send_verification_email(
        BOB, "Bob", "Acme", GOOD_PASSWORD
    )
    assert (result.success, result.code) == (False, "user_exists")
    assert result.message == "A user with this email already exists."


def test_no_result_shows_a_secret(in_acme):
    from accounts.services.results import ServiceResult, VerifyCodeHttpResult

    shown = repr(ServiceResult(success=True, flow="the-flow"))
    shown += repr(VerifyCodeHttpResult(200, {"ticket": "the-ticket"}))
    shown += repr(challenges.Verified(challenges.Verdict.SUCCESS, ticket="the-ticket"))
    assert "the-" not in shown


def test_a_wrong_code_is_told_the_seeds_way(post, code_for):
    flow = forgot(post).json()["flow"]
    answer = verify(post, flow, wrong(code_for(BOB)))
    assert answer.json()["detail"] == (
        "Invalid code. Please check your code and try again."
    )
    assert answer.json()["code"] == "code_invalid"


def test_of_two_changes_at_once_the_old_password_allows_one(in_acme, bob):
    """Whoever knows the old password cannot take back what its owner just changed."""
    beside = User.objects.get(pk=bob.pk)
    values = {"email": BOB, "current_password": twins.PASSWORD}
    chosen = {"password": GOOD_PASSWORD, "password_verify": GOOD_PASSWORD}
    recovery.change_own(bob, **values, **chosen)
    other = {"password": OTHER_PASSWORD, "password_verify": OTHER_PASSWORD}
    with pytest.raises(ReauthenticationRequired):
        recovery.change_own(beside, **values, **other)
    assert passwords.matches(User.objects.get(pk=bob.pk), GOOD_PASSWORD)

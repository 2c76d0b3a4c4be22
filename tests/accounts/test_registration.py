"""Register by API: a code by mail, one answer for known and unknown addresses."""

from datetime import timedelta

import pytest

from accounts.models import Challenge, MailMessage, User
from kernel import clock
from tenants.context import use, use_control
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD, TEN_O_CLOCK, wrong

REGISTER, VERIFY = "/api/accounts/register", "/api/accounts/verify-code"
NEWCOMER = "newcomer@example.com"


def body(email=NEWCOMER, password=GOOD_PASSWORD, **more):
    return {
        "firstName": "Newcomer",
        "lastName": "Example",
        "email": email,
        "password": password,
        **more,
    }


def verify(post, flow, code, email=NEWCOMER, **more):
    return post(VERIFY, {"email": email, "code": code, "flow": flow}, **more)


def may_sign_in(post, username, password, **more):
    answer = post(
        "/api/auth/mobile/sign-in", {"username": username, "password": password}, **more
    )
    return answer.status_code == 200


def test_a_person_registers_verifies_and_signs_in(post, code_for, acme):
    registered = post(REGISTER, body())
    assert registered.status_code == 201
    assert registered.json()["detail"] == (
        "Registration successful. Please check your email for the verification code."
    )
    assert not may_sign_in(post, NEWCOMER, GOOD_PASSWORD)
    verified = verify(post, registered.json()["flow"], code_for(NEWCOMER))
    assert verified.status_code == 200
    assert verified.json() == {"detail": "Code verified.", "purpose": "register"}
    assert may_sign_in(post, NEWCOMER, GOOD_PASSWORD)
    with use(acme):
        newcomer = User.objects.get(email_norm=NEWCOMER)
        assert (newcomer.role, newcomer.first_name, newcomer.is_staff) == (
            "member",
            "Newcomer",
            False,
        )


def test_the_cookie_carries_the_flow_for_a_browser(post, visitor, code_for):
    client = visitor()
    cookie = post(REGISTER, body(), client=client).cookies["flow_register"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    answer = post(
        VERIFY, {"email": NEWCOMER, "code": code_for(NEWCOMER)}, client=client
    )
    assert answer.status_code == 200


def test_a_code_is_read_without_case_spaces_and_hyphens(post, code_for):
    flow = post(REGISTER, body()).json()["flow"]
    code = code_for(NEWCOMER)
    typed = f" {code[:3].lower()} - {code[3:].lower()} "
    assert verify(post, flow, typed).status_code == 200


def test_a_taken_address_gets_the_same_answer_and_a_mail_to_its_owner(
    post, letters, acme
):
    new, taken = post(REGISTER, body()), post(REGISTER, body("bob@acme.test"))
    assert new.status_code == taken.status_code == 201
    assert new.json()["detail"] == taken.json()["detail"]
    assert len(new.json()["flow"]) == len(taken.json()["flow"]) == 43
    (mail,) = letters("bob@acme.test")
    assert mail.subject == "You already have an account at Acme"
    answer = verify(post, taken.json()["flow"], "ABCDEF", "bob@acme.test")
    assert (answer.status_code, answer.json()["attempts_remaining"]) == (202, 2)


def test_known_and_unknown_addresses_cost_the_same_statements(post, acme):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for email in ("first@example.com", NEWCOMER, "bob@acme.test"):
        with use(acme), CaptureQueriesContext(connection) as queries:
            post(REGISTER, body(email))
        counts.append([query["sql"].split()[0] for query in queries])
    assert counts[1] == counts[2]


def test_a_taken_user_name_falls_back_to_the_address(post, code_for, acme):
    flow = post(REGISTER, body(username="BOB")).json()["flow"]
    verify(post, flow, code_for(NEWCOMER))
    with use(acme):
        assert User.objects.get(email_norm=NEWCOMER).username == NEWCOMER


@pytest.mark.parametrize(
    "username", ["newcomer", "x@y", "\uff20home", "\ufdfa" * 20, "  "]
)
def test_any_wanted_user_name_registers(post, acme, username):
    assert post(REGISTER, body(username=username)).status_code == 201
    with use(acme):
        assert User.objects.filter(email_norm=NEWCOMER).count() == 1


def test_a_strangers_registration_never_sets_the_owners_password(post, code_for, acme):
    with clock.frozen(TEN_O_CLOCK):
        stranger = post(REGISTER, body(password=OTHER_PASSWORD)).json()["flow"]
        clock.advance(timedelta(minutes=2))
        owner = post(REGISTER, body()).json()["flow"]
        code = code_for(NEWCOMER)
        assert verify(post, stranger, code).status_code == 202
        assert verify(post, owner, code).status_code == 200
    assert may_sign_in(post, NEWCOMER, GOOD_PASSWORD)
    assert not may_sign_in(post, NEWCOMER, OTHER_PASSWORD)


def test_a_second_flow_cannot_take_over_after_the_first_was_verified(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        first = post(REGISTER, body()).json()["flow"]
        first_code = code_for(NEWCOMER)
        clock.advance(timedelta(minutes=2))
        second = post(REGISTER, body(password=OTHER_PASSWORD)).json()["flow"]
        second_code = code_for(NEWCOMER)
        assert verify(post, first, first_code).status_code == 200
        assert verify(post, second, second_code).status_code == 202
    assert may_sign_in(post, NEWCOMER, GOOD_PASSWORD)


def test_groups_and_rights_in_the_body_change_nothing(post, code_for, acme):
    asked = body(
        groups=[{"name": "User Manager", "enabled": True}],
        role="owner",
        is_staff=True,
        isActive=True,
    )
    flow = post(REGISTER, asked).json()["flow"]
    verify(post, flow, code_for(NEWCOMER))
    with use(acme):
        newcomer = User.objects.get(email_norm=NEWCOMER)
        assert (newcomer.role, newcomer.is_staff, newcomer.groups.count()) == (
            "member",
            False,
            0,
        )


def test_a_code_works_for_ten_minutes_and_not_a_second_longer(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        flow = post(REGISTER, body()).json()["flow"]
        code = code_for(NEWCOMER)
        clock.advance(timedelta(minutes=10, seconds=1))
        late = verify(post, flow, code)
    assert (late.status_code, late.json()["code"]) == (400, "code_expired")
    assert late.json()["detail"] == "Code expired. Please request a new code."


def test_a_code_works_at_exactly_ten_minutes(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        flow = post(REGISTER, body()).json()["flow"]
        code = code_for(NEWCOMER)
        clock.advance(timedelta(minutes=10))
        assert verify(post, flow, code).status_code == 200


def test_the_third_miss_ends_the_code_for_good(post, code_for):
    flow = post(REGISTER, body()).json()["flow"]
    code = code_for(NEWCOMER)
    answers = [verify(post, flow, wrong(code)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 400]
    assert [a.json().get("attempts_remaining") for a in answers] == [2, 1, None]
    assert answers[2].json()["code"] == "too_many_attempts"
    assert verify(post, flow, code).json()["code"] == "too_many_attempts"


def test_a_used_code_is_invalid_and_cancels_nothing(post, code_for):
    flow = post(REGISTER, body()).json()["flow"]
    code = code_for(NEWCOMER)
    assert verify(post, flow, code).status_code == 200
    replay = verify(post, flow, code)
    assert replay.status_code == 202
    assert "attempts_remaining" not in replay.json()
    assert may_sign_in(post, NEWCOMER, GOOD_PASSWORD)


@pytest.mark.parametrize(
    ("email", "host"),
    [
        ("other@example.com", "acme.localhost"),
        (NEWCOMER, "globex.localhost"),
    ],
)
def test_a_code_for_another_address_or_tenant_spends_nothing(
    post, code_for, acme, email, host
):
    globex = twins.info("globex")
    flow = post(REGISTER, body()).json()["flow"]
    code = code_for(NEWCOMER)
    answer = verify(post, flow, code, email, host=host)
    assert answer.status_code == 202
    assert "attempts_remaining" not in answer.json()
    with use(acme):
        assert Challenge.objects.get(email_norm=NEWCOMER).attempts_left == 3
    with use(globex):
        assert not Challenge.objects.filter(email_norm=NEWCOMER).exists()
    assert verify(post, flow, code).status_code == 200


def test_failures_count_per_address_and_survive_new_codes(post, code_for, acme):
    with clock.frozen(TEN_O_CLOCK):
        for _ in range(4):
            flow = post(REGISTER, body()).json()["flow"]
            code = code_for(NEWCOMER)
            for _ in range(3):
                last = verify(post, flow, wrong(code))
            clock.advance(timedelta(minutes=1))
        assert last.json()["code"] == "too_many_attempts"
        with use(acme):
            asked = Challenge.objects.filter(email_norm=NEWCOMER)
            latest = asked.order_by("-created_at").first()
            # One of its three tries was the tenth of the address, the last that counts.
            assert latest.attempts_left == 2


def test_the_code_is_sent_again_in_its_flow_and_replaces_the_old_one(post, code_for):
    with clock.frozen(TEN_O_CLOCK):
        flow = post(REGISTER, body()).json()["flow"]
        old = code_for(NEWCOMER)
        clock.advance(timedelta(minutes=1))
        resend = post("/api/accounts/resend", {"email": NEWCOMER, "flow": flow})
        assert resend.status_code == 200
        assert resend.json()["detail"] == (
            "If the email exists, a reset code has been sent."
        )
        new = code_for(NEWCOMER)
        assert new != old
        assert verify(post, flow, old).json()["attempts_remaining"] == 2
        assert verify(post, flow, new).status_code == 200
    assert may_sign_in(post, NEWCOMER, GOOD_PASSWORD)


def test_within_a_minute_nothing_is_sent_again_and_the_last_code_stays_valid(
    post, code_for, letters
):
    with clock.frozen(TEN_O_CLOCK):
        flow = post(REGISTER, body()).json()["flow"]
        code = code_for(NEWCOMER)
        answer = post("/api/accounts/resend", {"email": NEWCOMER, "flow": flow})
        assert answer.status_code == 200
        assert len(letters(NEWCOMER)) == 1
        assert verify(post, flow, code).status_code == 200


def test_a_resend_in_a_strangers_flow_sends_nothing(post, letters):
    with clock.frozen(TEN_O_CLOCK):
        post(REGISTER, body())
        assert len(letters(NEWCOMER)) == 1
        clock.advance(timedelta(minutes=1))
        post("/api/accounts/resend", {"email": NEWCOMER, "flow": "x" * 43})
        assert len(letters(NEWCOMER)) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"email": None}, 400, "missing_fields"),
        ({"firstName": "  "}, 400, "missing_fields"),
        ({"email": "nonsense"}, 400, "email_invalid"),
        ({"email": "a@[127.0.0.1]"}, 400, "email_invalid"),
        ({"email": "a" * 65 + "@example.com"}, 400, "email_invalid"),
        ({"email": "ŉ" * 64 + "@" + "a" * 60 + ".example.com"}, 400, "email_invalid"),
        ({"email": "newcomer@example.com\nbcc: x@example.com"}, 400, "email_invalid"),
        ({"firstName": "Newcomer\r\nBcc: x"}, 400, "name_invalid"),
        ({"firstName": "<b>Newcomer</b>"}, 400, "name_invalid"),
        ({"lastName": "see http://x.example"}, 400, "name_invalid"),
        ({"lastName": "x" * 151}, 400, "name_invalid"),
        ({"password": "a"}, 400, "password_too_short"),
        ({"password": "x" * 1025}, 400, "password_too_long"),
        ({"password": "passwordpassword"}, 400, "password_common"),
        ({"password": "acme-company-2026"}, 400, "password_contextual"),
        ({"password": "a\u0000" * 10}, 422, "invalid_body"),
        ({"email": 5}, 422, "invalid_body"),
        ({"firstName": ["Newcomer"]}, 422, "invalid_body"),
        ({"email": "\ud800@example.com"}, 422, "invalid_body"),
        ({"firstName": "x" * 100_000}, 422, "invalid_body"),
        ({"company": "Robots Ltd"}, 400, "blocked"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_refused_and_nothing_is_written(post, acme, change, status, code):
    answer = post(REGISTER, body() | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with use(acme):
        assert not User.objects.filter(email_norm__contains="example").exists()
        assert not Challenge.objects.filter(purpose="register").exists()
        assert not MailMessage.objects.filter(
            template__startswith="accounts/verif"
        ).exists()


def test_the_honeypot_says_the_seeds_sentence_and_never_logs_its_value(post, caplog):
    answer = post(REGISTER, body(company="Robots Ltd"))
    assert answer.json()["detail"] == "Registration blocked."
    assert "Robots" not in caplog.text


def test_missing_fields_are_named(post, db):
    answer = post(REGISTER, {"email": NEWCOMER})
    assert answer.json()["detail"] == (
        "Missing required field(s): firstName, lastName, password"
    )


def test_registration_can_be_closed(post, settings, acme):
    settings.WORKFLOWS = {"REGISTRATION_POLICY": "invite_only"}
    answer = post(REGISTER, body())
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")


def test_without_mail_nobody_can_register(post, settings, acme):
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    answer = post(REGISTER, body())
    assert (answer.status_code, answer.json()["code"]) == (400, "mail_unavailable")
    with use(acme):
        assert not User.objects.filter(email_norm=NEWCOMER).exists()


def test_nobody_registers_on_the_public_host(post, acme):
    answer = post(REGISTER, body(), host="localhost")
    assert answer.status_code == 404
    with use_control():
        assert not User.objects.filter(email_norm=NEWCOMER).exists()


def test_twenty_registrations_an_hour_and_client(post, acme):
    with clock.frozen(TEN_O_CLOCK):
        answers = [
            post(REGISTER, body(f"e{number}@example.com")).status_code
            for number in range(21)
        ]
    assert answers == [201] * 20 + [429]


def test_two_spellings_of_an_address_are_one_account(post, code_for, acme):
    flow = post(REGISTER, body("NEWCOMER@Example.com")).json()["flow"]
    code = code_for("NEWCOMER@Example.com")
    assert verify(post, flow, code, "newcomer@example.COM").status_code == 200
    with use(acme):
        assert User.objects.filter(email_norm=NEWCOMER).count() == 1

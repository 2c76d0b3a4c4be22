"""Codes: bound to flow, purpose and tenant, few at a time, and longer under attack."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts import challenges, checks, code_failures, conf, limits
from accounts.challenges import Verdict
from accounts.models import Challenge, LimitCounter, SecurityEvent
from kernel import clock, codes
from tenants.context import use
from tests.accounts.conftest import TEN_O_CLOCK, code_in, wrong
from tests.accounts.test_recovery import BOB, FORGOT, VERIFY, change, forgot, verify

#: The purposes whose challenge is a code that somebody types.
TYPED = ("register", "reset", "email_change", "reply_to")


@pytest.fixture
def issued(in_acme, bob, at_ten):
    """Return a new code of bob's for each purpose, each in a flow of its name."""
    return {purpose: issue(purpose, bob) for purpose in TYPED}


def issue(purpose, user, flow=""):
    return challenges.issue_code(
        purpose, email_norm=BOB, flow=flow or purpose, user=user
    )


def tried(code, flow, email=BOB):
    return challenges.verify(
        email_norm=email, code=code, flow=flow, apply=lambda _: None
    )


def left(new):
    return Challenge.objects.get(pk=new.challenge.pk).attempts_left


# What is random, and for how long


def test_a09_a_code_has_thirty_bits_and_a_flow_and_a_ticket_have_256(in_acme, bob):
    assert len(codes.ALPHABET) == len(set(codes.ALPHABET)) == 2**5
    assert not set(codes.ALPHABET) & set("IO01")
    code = issue("reset", bob).code
    assert len(code) == 6
    assert set(code) <= set(codes.ALPHABET)
    assert len(challenges.new_flow()) == len(challenges.issue_reset_ticket(bob)) == 43


def test_a09_codes_come_from_the_random_numbers_of_the_system(monkeypatch):
    monkeypatch.setattr("secrets.choice", lambda letters: letters[7])
    assert codes.new_code() == codes.ALPHABET[7] * 6


@pytest.mark.parametrize(
    "wrong_value",
    [
        {"CODE_LENGTH": 5},
        {"RESET_CODE_TTL_MINUTES": 11},
        {"REGISTER_CODE_TTL_MINUTES": 1441},
    ],
    ids=str,
)
def test_a10_weaker_codes_stop_the_start(settings, wrong_value):
    settings.WORKFLOWS = wrong_value
    with pytest.raises(ImproperlyConfigured):
        conf.current()
    assert [error.id for error in checks.settings_are_valid(None)] == ["accounts.E001"]


@pytest.mark.parametrize("purpose", TYPED)
def test_a10_a_code_works_at_ten_minutes_and_not_a_second_later(
    in_acme, bob, at_ten, purpose
):
    late, exact = issue(purpose, bob, "late"), issue(purpose, bob, "exact")
    clock.advance(timedelta(minutes=10))
    assert tried(exact.code, "exact").verdict is Verdict.SUCCESS
    clock.advance(timedelta(seconds=1))
    assert tried(late.code, "late").verdict is Verdict.EXPIRED


@pytest.mark.parametrize("typed", ["{} ", " {}", "{}\n", "\t{}"])
def test_a_code_is_read_in_any_spelling(in_acme, bob, typed):
    code = issue("reset", bob).code
    spelled = f"{code[:2].lower()} {code[2:4]}-{code[4:]}"
    assert tried(typed.format(spelled), "reset").verdict is Verdict.SUCCESS


@pytest.mark.parametrize("purpose", TYPED)
def test_a11_a_used_code_is_invalid_and_cancels_nothing(in_acme, bob, at_ten, purpose):
    first, other = issue(purpose, bob, "one"), issue(purpose, bob, "two")
    assert tried(first.code, "one").verdict is Verdict.SUCCESS
    again = tried(first.code, "one")
    assert (again.verdict, again.attempts_remaining) == (Verdict.INVALID, None)
    assert tried(other.code, "two").verdict is Verdict.SUCCESS


# Bound to flow, purpose, address and tenant


@pytest.mark.parametrize("of", TYPED)
@pytest.mark.parametrize("flow", TYPED)
def test_a13_a_code_fits_in_its_own_flow_only(issued, of, flow):
    """Flow by purpose: what is right in one is a wrong guess in any other."""
    verdict = tried(issued[of].code, flow).verdict
    assert (verdict is Verdict.SUCCESS) is (of == flow)
    if of != flow:
        assert left(issued[of]) == 3
        assert tried(issued[of].code, of).verdict is Verdict.SUCCESS


@pytest.mark.parametrize("of", TYPED)
@pytest.mark.parametrize(
    ("flow", "email"),
    [
        ("", BOB),
        ("another", BOB),
        ("{of}", "carol@acme.test"),
        ("{of}", ""),
        ("x" * 4096, BOB),
        ("\ud800", BOB),
    ],
)
def test_a13_without_its_flow_and_address_a_code_spends_nothing(
    issued, of, flow, email
):
    missed = tried(issued[of].code, flow.format(of=of), email)
    assert (missed.verdict, missed.attempts_remaining) == (Verdict.INVALID, None)
    assert [left(new) for new in issued.values()] == [3, 3, 3, 3]
    assert not LimitCounter.objects.filter(scope="verify.account").exists()


@pytest.mark.parametrize("of", TYPED)
def test_a13_a_code_of_acme_is_invalid_at_globex_with_the_same_flow_and_address(
    issued, of, acme, globex, person
):
    """Even where the row itself was carried over, hash and all."""
    row = Challenge.objects.values().get(pk=issued[of].challenge.pk)
    with use(globex):
        assert tried(issued[of].code, of).verdict is Verdict.INVALID
        Challenge.objects.create(**row | {"user_id": person("bob", globex).pk})
        assert tried(issued[of].code, of).verdict is Verdict.INVALID
    assert left(issued[of]) == 3
    assert tried(issued[of].code, of).verdict is Verdict.SUCCESS


def test_a13_a_ticket_is_no_code_and_a_code_is_no_ticket(in_acme, bob, at_ten):
    ticket, new = challenges.issue_reset_ticket(bob), issue("reset", bob)
    assert tried(ticket, "reset").verdict is Verdict.INVALID
    assert not challenges.spend_ticket(new.code)
    assert not challenges.spend_ticket("reset")
    assert challenges.spend_ticket(ticket)


def test_w04_a_second_client_cannot_use_the_verification_of_the_first(
    post, code_for, acme, visitor
):
    """The ticket belongs to who typed the code, not to the account."""
    with clock.frozen(TEN_O_CLOCK):
        flow = forgot(post).json()["flow"]
        code, owner = code_for(BOB), visitor()
        sent = {"email": BOB, "code": code, "flow": flow}
        assert post(VERIFY, sent, client=owner).status_code == 200
        stranger = visitor()
        body = {"email": BOB, "password": "seven green bottles"}
        body["passwordVerify"] = body["password"]
        refused = post("/api/accounts/change-password", body, client=stranger)
        assert refused.json()["code"] == "ticket_required"
        with_flow = post(
            "/api/accounts/change-password", body | {"ticket": flow}, client=stranger
        )
        assert with_flow.json()["code"] == "ticket_required"
        assert (
            post("/api/accounts/change-password", body, client=owner).status_code == 200
        )


def test_a21_without_the_steps_before_it_no_password_is_changed(post, code_for, acme):
    assert change(post, "").json()["code"] == "ticket_required"
    flow = forgot(post).json()["flow"]
    code = code_for(BOB)
    for skipped in (flow, code, "x" * 43):
        assert change(post, skipped).json()["code"] == "ticket_required"


# Few at a time


def test_three_codes_of_a_purpose_live_at_a_time_and_none_is_cancelled(
    post, letters, acme, settings
):
    settings.ACCOUNTS_LIMITS = {"code_mail.hour": (100, 3600)}
    with clock.frozen(TEN_O_CLOCK):
        flows = []
        for _ in range(5):
            flows.append(forgot(post).json()["flow"])
            clock.advance(timedelta(minutes=1))
        sent = letters(BOB)
        assert len(sent) == 3
        with use(acme):
            fitting = Challenge.objects.open(at=clock.now()).filter(email_norm=BOB)
            assert fitting.filter(user__isnull=False).count() == 3
        # The fourth answers like any other, and so does an unknown address.
        unknown = forgot(post, "nobody@example.com").json()["flow"]
        answers = [
            verify(post, flows[3], "ABCDEF"),
            verify(post, unknown, "ABCDEF", "nobody@example.com"),
        ]
        assert answers[0].content == answers[1].content
        assert verify(post, flows[0], code_in(sent[-1])).status_code == 200


def test_asking_again_in_the_same_flow_replaces_its_code(post, letters):
    with clock.frozen(TEN_O_CLOCK):
        flow = forgot(post).json()["flow"]
        for _ in range(4):
            clock.advance(timedelta(minutes=1))
            again = post(FORGOT, {"email": BOB, "flow": flow})
            assert again.json()["flow"] == flow
        sent = letters(BOB)
        assert len(sent) == 5
        assert verify(post, flow, code_in(sent[1])).status_code == 202
        assert verify(post, flow, code_in(sent[0])).status_code == 200


# Budgets


def test_w06_a_new_code_does_not_reset_the_budget_of_failures(in_acme, bob, at_ten):
    for flow in ("one", "two", "three"):
        new = issue("reset", bob, flow)
        for _ in range(3):
            tried(wrong(new.code), flow)
        Challenge.objects.all().delete()
    right, spare = issue("reset", bob, "four"), issue("reset", bob, "five")
    assert tried(wrong(right.code), "four").attempts_remaining == 2  # the tenth
    for new, flow in ((right, "four"), (spare, "five")):
        assert tried(new.code, flow).verdict is Verdict.TOO_MANY_ATTEMPTS
    clock.advance(timedelta(hours=1))
    again = issue("reset", bob, "four")
    assert tried(again.code, "four").verdict is Verdict.SUCCESS


def test_w06_a_spent_budget_is_answered_alike_for_a_decoy(in_acme, bob, at_ten):
    def answers(email, user):
        for flow in ("one", "two", "three", "four"):
            challenges.issue_code("reset", email_norm=email, flow=flow, user=user)
        return [
            (found.verdict, found.attempts_remaining)
            for flow in ("one", "two", "three", "four")
            for found in (tried("AAAAAA", flow, email) for _ in range(3))
        ]

    assert answers(BOB, bob) == answers("nobody@example.com", None)


def test_a_right_code_is_no_failure(in_acme, bob, at_ten):
    for number in range(12):
        new = issue("reset", bob, str(number))
        assert tried(new.code, str(number)).verdict is Verdict.SUCCESS


def test_w09_a_strangers_wrong_posts_neither_burn_a_code_nor_cancel_a_ticket(
    post, code_for, acme, visitor
):
    with clock.frozen(TEN_O_CLOCK):
        flow = forgot(post).json()["flow"]
        code = code_for(BOB)
        ticket = verify(post, flow, code).json()["ticket"]
        clock.advance(timedelta(minutes=1))
        second = forgot(post).json()["flow"]
        other = code_for(BOB)
        for guess in ("ABCDEF", "", "x" * 43, flow):
            for _ in range(4):
                post(VERIFY, {"email": BOB, "code": "ABCDEF", "flow": guess})
                change(post, guess)
            clock.advance(timedelta(minutes=1))
        with use(acme):
            counted = LimitCounter.objects.filter(scope="verify.account", hits__gt=0)
            assert not counted.exists()
        assert verify(post, second, other).status_code == 200
        assert change(post, ticket).status_code == 200


def test_w24_many_failures_of_a_tenant_are_told_and_make_codes_longer(
    in_acme, bob, at_ten, settings
):
    settings.ACCOUNTS_LIMITS = {
        "code_failure.tenant": (3, 3600),
        "code_failure.flood": (5, 3600),
        "verify.account": (1000, 3600),
    }

    def told(name):
        return SecurityEvent.objects.filter(name=name).count()

    for number in range(7):
        email = f"nobody{number}@example.com"
        challenges.issue_code("reset", email_norm=email, flow="f", user=None)
        assert len(issue("reset", bob).code) == (6 if number < 6 else 8)
        tried("AAAAAA", "f", email)
        assert told("codes.many_wrong") == (1 if number >= 2 else 0)
        assert told("codes.flood") == (1 if number >= 5 else 0)
    long = issue("reset", bob)
    assert len(long.code) == 8
    assert tried(long.code, "reset").verdict is Verdict.SUCCESS
    clock.advance(timedelta(hours=1))
    assert len(issue("reset", bob).code) == 8
    clock.advance(timedelta(seconds=1))
    assert len(issue("reset", bob).code) == 6


def test_w24_the_numbers_are_200_and_1000_an_hour(in_acme, at_ten):
    for _ in range(199):
        code_failures.count()
    assert not SecurityEvent.objects.filter(name="codes.many_wrong").exists()
    code_failures.count()
    assert SecurityEvent.objects.filter(name="codes.many_wrong").count() == 1
    LimitCounter.objects.filter(scope="code_failure.tenant").update(hits=999)
    code_failures.count()
    assert code_failures.code_length() == 6
    code_failures.count()
    assert code_failures.code_length() == 8
    assert SecurityEvent.objects.filter(name="codes.flood").count() == 1


def test_w24_another_tenants_failures_are_its_own(in_acme, globex, at_ten):
    for _ in range(limits.LIMITS["code_failure.tenant"].most):
        code_failures.count()
    with use(globex):
        assert not SecurityEvent.objects.filter(name__startswith="codes.").exists()
        assert not LimitCounter.objects.filter(scope__startswith="code_").exists()


def test_a_configured_longer_code_stays_longer(in_acme, settings, at_ten):
    settings.WORKFLOWS = {"CODE_LENGTH": 12}
    limits.note("code_failure.flood")
    assert code_failures.code_length() == 12

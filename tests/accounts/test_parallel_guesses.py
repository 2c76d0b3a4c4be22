"""Many at once: attempts, codes, tickets and refresh tokens are spent once each."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts import challenges, limits, recovery, refresh_tokens
from accounts.challenges import Verdict
from accounts.errors import SessionEnded, TicketRequired
from accounts.models import Challenge, User
from accounts.refresh_tokens import Device
from kernel import codes
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, wrong

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db):
    return twins.info("acme")


def at_once(acme, count, function):
    """Run the function in so many threads together and return what each gave."""
    together = Barrier(count)

    def run(number):
        try:
            with use(acme):
                together.wait(timeout=60)
                return function(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def new_code(acme):
    with use(acme):
        bob = User.objects.get(username="bob")
        return challenges.issue_code(
            "reset", email_norm="bob@acme.test", flow="flow", user=bob
        )


def verify(code):
    return challenges.verify(
        email_norm="bob@acme.test", code=code, flow="flow", apply=lambda _: None
    ).verdict


@pytest.fixture
def compared(monkeypatch):
    """Return what is compared with what, each time that it is."""
    found = []
    real = codes.equal

    def watched(left, right):
        found.append((left, right))
        return real(left, right)

    monkeypatch.setattr(codes, "equal", watched)
    return found


def test_w07_of_fifty_guesses_at_once_three_are_compared(acme, new_code, compared):
    verdicts = at_once(acme, 50, lambda _: verify(wrong(new_code.code)))
    assert len(compared) == 3
    assert verdicts.count(Verdict.INVALID) == 2
    assert verdicts.count(Verdict.TOO_MANY_ATTEMPTS) == 48
    with use(acme):
        assert Challenge.objects.get(pk=new_code.challenge.pk).attempts_left == 0


def test_a14_of_fifty_guesses_at_six_flows_at_once_ten_are_compared(acme, compared):
    """The budget of the address holds over all flows and over decoys among them."""
    flows = [f"flow {number}" for number in range(6)]
    with use(acme):
        bob = User.objects.get(username="bob")
        for flow in flows:
            challenges.issue_code(
                "reset", email_norm="bob@acme.test", flow=flow, user=bob
            )

    def guess(number):
        return challenges.verify(
            email_norm="bob@acme.test",
            code="AAAAAA",
            flow=flows[number % 6],
            apply=lambda _: None,
        ).verdict

    at_once(acme, 50, guess)
    assert len(compared) <= 10
    with use(acme):
        assert limits.spent("verify.account", "bob@acme.test")


def test_of_eight_requests_at_once_three_get_a_code_that_fits(acme):
    with use(acme):
        bob = User.objects.get(username="bob")

    def ask(number):
        new = challenges.issue_code(
            "reset", email_norm="bob@acme.test", flow=f"flow {number}", user=bob
        )
        return new.is_decoy

    assert at_once(acme, 8, ask).count(False) == 3


def test_a11_of_three_right_codes_one_succeeds(acme, new_code):
    verdicts = at_once(acme, 3, lambda _: verify(new_code.code))
    assert verdicts.count(Verdict.SUCCESS) == 1


def test_a_ticket_is_spent_once(acme):
    with use(acme):
        ticket = challenges.issue_reset_ticket(User.objects.get(username="bob"))

    def change(number):
        try:
            recovery.change_with_ticket(
                ticket=ticket,
                password=f"{GOOD_PASSWORD} {number}",
                password_verify=f"{GOOD_PASSWORD} {number}",
            )
        except TicketRequired:
            return False
        return True

    assert at_once(acme, 6, change).count(True) == 1


def test_two_tabs_that_refresh_together_get_the_same_token(acme):
    with use(acme):
        bob = User.objects.get(username="bob")
        first = refresh_tokens.begin(bob, Device("web")).refresh

    def rotate(_):
        try:
            return refresh_tokens.rotate(first).refresh
        except SessionEnded:
            return None

    assert len(set(at_once(acme, 6, rotate))) == 1


def test_the_limiter_counts_every_hit_of_many(acme):
    answers = at_once(acme, 10, lambda _: limits.allowed("code_mail.hour", "x"))
    assert answers.count(True) == 5


def test_an_address_registers_once(acme):
    from accounts import registration

    def register(_):
        return registration.register(
            email="newcomer@example.com",
            first_name="Newcomer",
            last_name="Example",
            password=GOOD_PASSWORD,
        )

    flows = at_once(acme, 5, register)
    assert len(set(flows)) == 5
    with use(acme):
        assert User.objects.filter(email_norm="newcomer@example.com").count() == 1

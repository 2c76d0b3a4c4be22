"""A code of the second factor counts once, however many show it at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts import factors, mfa_tickets, sign_in
from accounts.errors import FactorFailed, FactorTooLate, Throttled
from accounts.models import Challenge
from tenants.context import use
from tests.accounts.factors import Holder, enrolled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def holder(bob, acme) -> Holder:
    return enrolled(bob, acme)


def at_once(tenant, times: int, do: Callable[[], object]) -> list[object]:
    """Do the same in so many threads, and return what each came to."""

    def one(_: int) -> object:
        try:
            with use(tenant):
                return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_many_at_once_one_code_is_taken_once(holder):
    code = holder.code()
    taken = at_once(holder.tenant, 12, lambda: factors.verify(holder.user, code))
    assert sorted(taken) == [False] * 11 + [True]


def test_of_many_at_once_one_recovery_code_is_taken_once(holder):
    code = holder.saved[0]
    taken = at_once(holder.tenant, 12, lambda: factors.verify(holder.user, code))
    assert sorted(taken) == [False] * 11 + [True]


def test_of_many_at_once_a_ticket_has_five_tries(holder):
    with use(holder.tenant):
        ticket = mfa_tickets.issue(holder.user)

    def guess() -> str:
        try:
            sign_in.authenticate_factor(ticket, "000000", client="-")
        except (FactorFailed, FactorTooLate, Throttled) as error:
            return error.code
        return "passed"

    told = at_once(holder.tenant, 10, guess)
    assert sorted(told) == ["mfa_expired"] * 5 + ["mfa_failed"] * 5
    with use(holder.tenant):
        assert Challenge.objects.get(purpose="mfa_ticket").attempts_left == 0

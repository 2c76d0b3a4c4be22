"""The counter: exact under many threads, by window, telling nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from kernel import clock
from tenants import limits
from tenants.errors import TooManySignups

HOUR = timedelta(hours=1)


def spend(limit: int = 2, subject: str = "alice") -> bool:
    try:
        limits.spend("test", subject, limit=limit, within=HOUR)
    except TooManySignups:
        return False
    return True


def test_a_limit_holds_for_its_window_and_its_subject(db, frozen_clock) -> None:
    assert [spend() for _number in range(3)] == [True, True, False]
    assert spend(subject="bob")
    clock.advance(HOUR)
    assert spend()


def test_a_refusal_says_when_to_come_back(db, frozen_clock) -> None:
    with pytest.raises(TooManySignups) as caught:
        limits.spend("test", "alice", limit=0, within=HOUR)
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 3601


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_so_many_pass(frozen_clock) -> None:
    def once(_number: int) -> bool:
        try:
            return spend(limit=5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(once, range(24))) == 5

"""Kept answers go when they are past their time, some at a time."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import RequestFactory

from kernel import clock
from tenants import scheduler
from tenants.context import use
from tenants.scheduling import sources
from tests.workflow.counting import statements
from tests.workflow.processes import approval, document
from workflow import idempotency
from workflow.errors import StillRunning, WorkItemConflict
from workflow.models import IdempotencyKey, ProcessInstance

DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("frozen_clock")


def next_due() -> datetime | None:
    return sources.earliest(idempotency.due_instants())


def keep(user, count=1, *, age=timedelta(), status=200):
    """Keep so many answers; without a status their requests are under way."""
    before = IdempotencyKey.objects.count()
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(
            tenant_id=IdempotencyKey().tenant_id,
            user=user,
            route="POST /somewhere",
            key=str(before + number),
            body_hash="0" * 64,
            created_at=clock.now() - age,
            status=status,
            answer={"status": "done"},
        )
        for number in range(count)
    )


def kept() -> int:
    return IdempotencyKey.objects.count()


def test_what_is_past_its_time_goes_and_nothing_else(in_acme, alice, bob):
    keep(alice, 3, age=DAY + timedelta(seconds=1))
    keep(bob, 2, age=DAY)
    keep(bob, 1)
    assert idempotency.run_due(100) == 3
    assert kept() == 3
    assert idempotency.run_due(100) == 0


def test_it_goes_some_at_a_time_the_oldest_first(in_acme, alice):
    keep(alice, 4, age=2 * DAY)
    keep(alice, 3, age=3 * DAY)
    with statements() as seen:
        assert idempotency.run_due(3) == 3
    assert len(seen.seen) == 2
    assert {row.created_at for row in IdempotencyKey.objects.all()} == {
        clock.now() - 2 * DAY
    }
    assert sources.drain(idempotency, 3, float("inf")) == 4
    assert kept() == 0
    with statements() as seen:
        assert idempotency.run_due(3) == 0
    assert len(seen.seen) == 1


@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_what_is_still_running_stays_however_short_answers_are_kept(
    in_acme, alice, settings, seconds
):
    settings.GOFLOW_IDEMPOTENCY_TTL = seconds
    keep(alice, age=timedelta(seconds=119), status=None)
    assert idempotency.run_due(100) == 0
    clock.advance(timedelta(seconds=max(2, seconds)))
    assert idempotency.run_due(100) == 1


def test_it_is_due_an_hour_after_the_oldest_is_past_its_time(in_acme, alice):
    assert next_due() is None
    keep(alice, age=timedelta(hours=5))
    keep(alice)
    assert next_due() == clock.now() + timedelta(hours=24 - 5 + 1)
    clock.advance(timedelta(hours=20))
    idempotency.run_due(100)
    assert kept() == 1
    assert next_due() == clock.now() + timedelta(hours=5)


def test_it_is_a_source_of_due_work_that_wakes_its_tenant(acme, alice):
    with use(acme):
        keep(alice, 2, age=2 * DAY)
    result = scheduler.run_all_inline(only=[acme.uuid])
    assert result.failed == []
    with use(acme):
        assert kept() == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_that_delete_at_once_none_waits(in_acme, acme, alice):
    keep(alice, 4, age=2 * DAY)
    gone = []

    def other():
        with use(acme):
            gone.append(idempotency.run_due(100))
        connection.close()

    with transaction.atomic():
        assert idempotency.run_due(3) == 3
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=20)
        assert gone == [1]
    assert kept() == 0


def test_the_key_of_a_start_outlives_its_answer(in_acme, alice, installed):
    """A request that comes back after weeks starts nothing twice."""
    installed(approval())
    about = document(alice)

    def begin():
        return ProcessInstance.objects.start("test", alice, about, idempotency_key="k")

    first = begin()
    clock.advance(timedelta(days=30))
    idempotency.run_due(100)
    assert begin() == first
    assert ProcessInstance.objects.count() == 1


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "answers"])
def test_a_request_that_took_too_long_leaves_the_row_to_who_took_it_over(
    in_acme, alice, fails
):
    request = RequestFactory().post("/api", headers={"Idempotency-Key": "one"})
    request.user = alice

    @idempotency.idempotent
    def slow(_request):
        clock.advance(timedelta(minutes=3))
        # The repeat begins, and is still under way when this one ends.
        assert idempotency.first_or_kept(request, "one").status is None
        if fails:
            raise WorkItemConflict
        return {"status": "slow"}

    with suppress(WorkItemConflict):
        slow(request)
    with pytest.raises(StillRunning):
        idempotency.first_or_kept(request, "one")

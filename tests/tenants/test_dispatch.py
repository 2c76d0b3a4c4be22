"""What the scheduler says to workers: few words, and one at a time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from config.celery import app
from kernel import clock
from tenants import scheduler, tasks
from tenants.carrying import broker
from tenants.context import use, use_control
from tenants.models import Tenant, WakeUp
from tests.tenants import due, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def corner(settings, acme, frozen_clock) -> Iterator[str]:
    """Yield the prefix under which messages lie that nobody takes."""
    due.become_the_only_source(settings)
    settings.TENANTRY_DISPATCH = "celery"
    broker._quiet_until = 0.0
    prefix = f"tests-{uuid4().hex}:"
    with worker.cornered(app, prefix):
        yield prefix


def sent(corner: str) -> list[str]:
    return [message["headers"]["task"] for message in worker.messages(corner)]


def arm(tenant: Any, *, seconds: float) -> None:
    with use(tenant), transaction.atomic():
        scheduler.arm(clock.now() + timedelta(seconds=seconds))


def test_sch_3_what_is_due_before_the_next_tick_is_told_to_a_worker_once(
    acme, corner, settings
) -> None:
    arm(acme, seconds=settings.TENANTRY_TICK_SECONDS + 1)
    assert sent(corner) == []
    for seconds in (3, 3, 4):
        arm(acme, seconds=seconds)
    (message,) = worker.messages(corner)
    assert message["headers"]["task"] == "tenants.run_now"
    assert message["headers"]["argsrepr"] == repr((str(acme.uuid),))


def test_sch_3_a_run_that_is_told_twice_does_its_work_once(acme) -> None:
    due.work[acme.uuid].append(clock.now())
    with use_control():
        WakeUp.objects.filter(tenant__uuid=acme.uuid).update(next_due=clock.now())
    for _time in range(2):
        tasks.run_now.apply([str(acme.uuid)])
    assert len(due.fired) == 1


def test_sch_5_a_tick_sends_one_message_for_twenty_tenants(corner) -> None:
    with use_control():
        made = [Tenant.objects.create(slug=f"t-{n}", state="active") for n in range(45)]
        WakeUp.objects.bulk_create(
            WakeUp(tenant=one, enabled=True, next_due=clock.now()) for one in made
        )
    with use_control():
        result = scheduler.tick()
    assert (result.taken, result.dispatched, result.ran) == (45, 3, {})
    assert sent(corner) == ["tenants.run_wake_ups"] * 3


def test_sch_5_beat_sends_one_tick_each_five_seconds_and_none_waits_for_another(
    settings,
) -> None:
    ((name, entry),) = app.conf.beat_schedule.items()
    assert (name, entry["task"]) == ("tick", "tenants.tick")
    assert entry["schedule"] == settings.TENANTRY_TICK_SECONDS == 5
    assert entry["options"]["expires"] == entry["schedule"]


def test_sch_5_cron_and_a_tick_beside_each_other_fire_nothing_twice(
    acme, settings
) -> None:
    settings.TENANTRY_DISPATCH = "cron"
    due.work[acme.uuid].append(clock.now())
    arm(acme, seconds=0)
    truly = due.run_due

    def run_beside(limit: int) -> int:
        scheduler.run_all_inline()
        scheduler.tick()
        return truly(limit)

    settings.TENANT_DUE_SOURCES = [due.__name__]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due, "run_due", run_beside)
        scheduler.tick()
    assert len(due.fired) == 1

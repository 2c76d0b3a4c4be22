"""L22: the scheduler works for stopped or half-made tenants."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import Error, connection

from kernel import clock
from tenants import scheduler, tasks
from tenants.context import TenantInfo, use, use_control
from tenants.life import conduct
from tenants.models import Tenant, WakeUp
from tenants.scheduling import upkeep, wake_ups
from tenants.scheduling.wake_ups import Taken
from tenants.states import State, change_state
from tests.tenants import due

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
NOT_SERVED = (
    *("provisioning", "failed", "past_due", "suspended"),
    *("archived", "deleting", "purged"),
)


@pytest.fixture(autouse=True)
def _one_source(settings, acme, globex, frozen_clock) -> Iterator[None]:
    due.become_the_only_source(settings)
    yield
    due.forget()


@pytest.fixture
def fleet(acme) -> dict[str, TenantInfo]:
    """Return one tenant in each state, all with due work and a wake-up switched on.

    A wake-up of a tenant that is not served is off; here it is forgotten to be.
    """
    found = {"active": acme}
    with use_control():
        for state in NOT_SERVED:
            row = Tenant.objects.create(
                slug=f"newcomer-{state}", name="Newcomer", state=state
            )
            WakeUp.objects.create(tenant=row, enabled=True)
            found[state] = row.info()
        WakeUp.objects.filter(tenant__slug__in=slugs(found)).update(
            next_due=clock.now()
        )
    for tenant in found.values():
        due.work[tenant.uuid].append(clock.now())
    return found


def slugs(fleet: dict[str, TenantInfo]) -> list[str]:
    return [tenant.slug for tenant in fleet.values()]


def row(tenant: TenantInfo) -> WakeUp:
    with use_control():
        return WakeUp.objects.get(tenant__uuid=tenant.uuid)


def tenant_row(tenant: TenantInfo) -> Tenant:
    with use_control():
        return Tenant.objects.get(uuid=tenant.uuid)


def move(tenant: TenantInfo, to: State, *, by: str = "operator") -> None:
    change_state(tenant_row(tenant), to, reason="Why.", by=by)


def write_work(tenant: TenantInfo, at: datetime, *, arm: bool = True) -> None:
    due.work[tenant.uuid].append(at)
    if arm:
        with use(tenant):
            scheduler.arm(at)


def take(tenant: TenantInfo) -> Taken:
    with use_control():
        (taken,) = wake_ups.take(1, only=[tenant.uuid])
    return taken


def by_messages() -> None:
    """Do what a worker does with the messages of a tick."""
    with use_control():
        batch = [[str(one.tenant), one.run_no] for one in wake_ups.take(200)]
    tasks.run_wake_ups.apply([batch])


WAYS: tuple[Callable[[], Any], ...] = (
    scheduler.tick,
    scheduler.run_all_inline,
    by_messages,
)


@pytest.mark.parametrize("way", WAYS)
def test_of_all_states_only_the_active_tenant_is_worked_for(fleet, way) -> None:
    way()
    assert {uuid for uuid, _at in due.fired} == {fleet["active"].uuid}
    assert len(due.fired) == 1
    for state in NOT_SERVED:
        assert due.work[fleet[state].uuid] == [clock.now()]


@pytest.mark.parametrize("way", WAYS)
def test_a_tenant_that_is_stopped_is_not_even_taken(fleet, way) -> None:
    with use_control():
        WakeUp.objects.exclude(tenant__slug="acme").update(enabled=False)
    way()
    assert {uuid for uuid, _at in due.fired} == {fleet["active"].uuid}
    for state in NOT_SERVED:
        assert row(fleet[state]).run_no == 0


def test_nobody_is_told_to_run_a_tenant_that_is_not_served(fleet) -> None:
    for state in NOT_SERVED:
        tasks.run_now.apply([str(fleet[state].uuid)])
    assert due.fired == []


def test_the_sweep_looks_at_no_tenant_that_is_not_served(fleet, monkeypatch) -> None:
    next_due, asked = due.next_due, []

    def look() -> datetime | None:
        asked.append(connection.tenant.slug)
        return next_due()

    monkeypatch.setattr(due, "next_due", look)
    with use_control():
        WakeUp.objects.update(next_due=None)
    upkeep.sweep()
    assert sorted(asked) == ["acme", "globex"]
    for state in NOT_SERVED:
        assert row(fleet[state]).next_due is None


def test_with_no_look_at_the_state_the_work_of_a_stopped_tenant_fires(
    fleet, monkeypatch
) -> None:
    monkeypatch.setattr(conduct, "of", lambda tenant: conduct.TABLE["active"])
    scheduler.tick()
    assert {uuid for uuid, _at in due.fired} == {t.uuid for t in fleet.values()}


def test_a_tenant_that_is_deleted_between_take_and_run_is_passed_over(
    acme, globex
) -> None:
    for tenant in (acme, globex):
        write_work(tenant, clock.now())
    batch = [take(acme), take(globex)]
    with use_control():
        tenant_row(acme).delete(force_drop=False)
    result = scheduler.run_batch(batch)
    assert [uuid for uuid, _at in due.fired] == [globex.uuid]
    assert result.failed == []


def test_a_tenant_that_is_stopped_between_take_and_run_is_passed_over(
    acme, globex
) -> None:
    for tenant in (acme, globex):
        write_work(tenant, clock.now())
    batch = [take(acme), take(globex)]
    move(acme, State.SUSPENDED)
    result = scheduler.run_batch(batch)
    assert [uuid for uuid, _at in due.fired] == [globex.uuid]
    assert result.failed == []


def test_a_tenant_that_is_stopped_while_it_runs_fails_once_and_stops_nobody_else(
    acme, globex, monkeypatch
) -> None:
    run_due = due.run_due

    def stopped_meanwhile(limit: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            if connection.tenant.slug == "acme":
                move(acme, State.SUSPENDED)
            cursor.execute("SELECT count(*) FROM auth_group")
        return run_due(limit)

    monkeypatch.setattr(due, "run_due", stopped_meanwhile)
    for tenant in (acme, globex):
        write_work(tenant, clock.now())
    assert scheduler.tick().failed == ["acme: tests.tenants.due"]
    assert [uuid for uuid, _at in due.fired] == [globex.uuid]
    clock.advance(HOUR)
    assert scheduler.tick().failed == []
    assert not row(acme).enabled


def test_what_fell_due_while_a_tenant_was_stopped_is_done_at_once_and_once(
    acme, globex
) -> None:
    """STA-7."""
    write_work(acme, clock.now() + HOUR)
    move(acme, State.SUSPENDED)
    clock.advance(2 * HOUR)
    write_work(acme, clock.now())
    for way in WAYS:
        way()
    with use_control():
        upkeep.sweep()
    assert due.fired == []
    move(acme, State.ACTIVE)
    assert row(acme).next_due == clock.now()
    for way in WAYS:
        way()
    assert sorted(due.fired) == [
        (acme.uuid, clock.now() - HOUR),
        (acme.uuid, clock.now()),
    ]


def test_work_whose_arming_was_lost_while_stopped_is_found_on_resumption(acme) -> None:
    write_work(acme, clock.now() + HOUR)
    move(acme, State.SUSPENDED)
    write_work(acme, clock.now() + HOUR / 2, arm=False)
    move(acme, State.ACTIVE)
    scheduler.tick()
    assert row(acme).next_due == clock.now() + HOUR / 2


def test_a_run_from_before_the_stop_puts_nothing_back_after_the_resumption(
    acme,
) -> None:
    write_work(acme, clock.now())
    slow = take(acme)
    move(acme, State.SUSPENDED)
    move(acme, State.ACTIVE)
    assert scheduler.run_taken(slow) is None
    with use_control():
        assert wake_ups.put_back(slow, None) is None
    assert row(acme).next_due == clock.now()
    scheduler.tick()
    assert len(due.fired) == 1


def test_a_state_and_its_wake_up_change_together_or_not_at_all(acme) -> None:
    """SCH-2: so the tick asks for no state and still opens no stopped tenant."""
    with use_control(), pytest.raises((Error, ValueError)):
        move(acme, State.SUSPENDED, by="an operator whose name has a \x00 in it")
    assert tenant_row(acme).state == State.ACTIVE
    assert row(acme).enabled
    move(acme, State.SUSPENDED)
    assert not row(acme).enabled

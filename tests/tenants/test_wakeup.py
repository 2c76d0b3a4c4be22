"""Nothing due is lost and nothing fires twice, whoever dies or is late."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, connections, transaction

from kernel import clock
from tenants import scheduler
from tenants.context import (
    CONTROL,
    NoTenantError,
    TenantInfo,
    TenantSwitchInTransaction,
    current,
    use,
    use_control,
)
from tenants.models import Chore, ProvisioningRun, RateCounter, WakeUp
from tenants.scheduling import sources, upkeep, wake_ups
from tenants.scheduling.wake_ups import Taken
from tenants.stamp import WrongPlaneError
from tests.tenants import due

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_source(settings, acme, globex, frozen_clock) -> None:
    due.become_the_only_source(settings)


def row(tenant: TenantInfo) -> WakeUp:
    with use_control():
        return WakeUp.objects.get(tenant__uuid=tenant.uuid)


def meanwhile(tenant: TenantInfo) -> WakeUp:
    """Return the row as others see it now."""

    def look() -> WakeUp:
        try:
            return row(tenant)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(look).result()


def write_work(tenant: TenantInfo, at: datetime, *, arm: bool = True) -> datetime:
    with use(tenant), transaction.atomic():
        due.work[tenant.uuid].append(at)
        if arm:
            scheduler.arm(at)
    return at


@transaction.atomic
def arm_and_fail(at: datetime) -> None:
    scheduler.arm(at)
    raise RuntimeError


def take(*, batch: int = 10) -> list[Taken]:
    with use_control():
        return wake_ups.take(batch)


def test_arming_counts_after_the_commit_only(acme) -> None:
    at = clock.now() + HOUR
    with use(acme), transaction.atomic():
        scheduler.arm(at)
        assert meanwhile(acme).next_due is None
    assert row(acme).next_due == at


def test_sch_1_a_tenants_transaction_asks_nothing_of_the_control_plane(acme) -> None:
    """SCH-1: the arming comes after the commit, in control, on its own."""
    asked: list[tuple[str, object, bool]] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append((sql.split(maxsplit=1)[0], current(), connection.in_atomic_block))
        return execute(sql, *rest)

    with connection.execute_wrapper(note), use(acme), transaction.atomic():
        Group.objects.create(name="of acme")
        scheduler.arm(clock.now() + HOUR)
    assert asked == [("INSERT", acme, True), ("UPDATE", CONTROL, False)]


#: What answers: our own check of planes, or the tenant's role and path behind it.
OUT_OF_REACH = (WrongPlaneError, ProgrammingError)


def test_a_tenants_transaction_cannot_reach_the_control_plane(acme) -> None:
    with use(acme), transaction.atomic():
        with pytest.raises(TenantSwitchInTransaction):
            wake_ups_of_control(acme)
        with pytest.raises(OUT_OF_REACH), transaction.atomic():
            wake_ups.lower(acme.uuid, clock.now())
        with pytest.raises(OUT_OF_REACH), transaction.atomic():
            connection.cursor().execute("UPDATE public.tenants_wakeup SET run_no = 0")
    assert row(acme).next_due is None


def wake_ups_of_control(tenant: TenantInfo) -> None:
    with use_control():
        wake_ups.lower(tenant.uuid, clock.now())


@pytest.mark.parametrize(
    "entry", [scheduler.tick, scheduler.run_all_inline, upkeep.sweep, upkeep.do_due]
)
def test_the_scheduler_does_not_start_inside_a_tenants_transaction(acme, entry) -> None:
    write_work(acme, clock.now())
    with (
        use(acme),
        transaction.atomic(),
        pytest.raises(TenantSwitchInTransaction),
    ):
        entry()
    assert due.fired == []
    assert row(acme).run_no == 1


@pytest.mark.parametrize("entry", [scheduler.tick, scheduler.run_all_inline])
def test_nor_does_it_work_inside_one_of_the_control_plane(acme, entry) -> None:
    write_work(acme, clock.now())
    with use_control(), transaction.atomic():
        result = entry()
    assert due.fired == []
    assert result.failed == [str(acme.uuid)]


def test_the_scheduler_opens_no_transaction_around_a_tenant(acme, monkeypatch) -> None:
    write_work(acme, clock.now())
    run_due, open_blocks = due.run_due, []

    def look(limit: int) -> int:
        open_blocks.append(connection.in_atomic_block)
        return run_due(limit)

    monkeypatch.setattr(due, "run_due", look)
    scheduler.tick()
    assert open_blocks == [False]


def test_arming_of_a_transaction_that_fails_counts_for_nothing(acme) -> None:
    with use(acme), pytest.raises(RuntimeError):
        arm_and_fail(clock.now())
    assert row(acme).next_due is None


def test_arming_in_a_savepoint_that_is_rolled_back_leaves_the_outer_one(acme) -> None:
    later = clock.now() + 2 * HOUR
    with use(acme), transaction.atomic():
        with pytest.raises(RuntimeError):
            arm_and_fail(clock.now() + HOUR)
        scheduler.arm(later)
    assert row(acme).next_due == later


def test_many_armings_of_one_transaction_are_one_statement(
    acme, django_assert_num_queries
) -> None:
    now = clock.now()
    with use(acme):
        with use_control():
            connection.ensure_connection()
        with django_assert_num_queries(3), transaction.atomic():
            for minutes in (50, 10, 30):
                scheduler.arm(now + timedelta(minutes=minutes))
    assert row(acme).next_due == now + timedelta(minutes=10)


def test_arming_only_ever_brings_the_wake_up_forward(acme) -> None:
    sooner = clock.now() + HOUR
    with use(acme):
        scheduler.arm(sooner)
        scheduler.arm(sooner + HOUR)
    assert row(acme).next_due == sooner


def test_each_context_of_a_transaction_arms_for_itself(acme, globex) -> None:
    at = clock.now() + HOUR
    with use(acme), transaction.atomic():
        scheduler.arm(at)
        with use(globex, same_transaction=True):
            scheduler.arm(at + HOUR)
    assert (row(acme).next_due, row(globex).next_due) == (at, at + HOUR)


def test_arming_without_a_context_is_an_error() -> None:
    with pytest.raises(NoTenantError):
        scheduler.arm(clock.now())


def test_a_tick_fires_what_is_due_once_and_knows_what_comes_next(acme, globex) -> None:
    first = write_work(acme, clock.now())
    second = write_work(acme, clock.now() + HOUR)
    result = scheduler.tick()
    assert result.ran == {"acme": {"tests.tenants.due": 1}}
    assert due.fired == [(acme.uuid, first)]
    assert row(acme).next_due == second
    assert scheduler.tick().taken == 0
    clock.advance(HOUR)
    assert scheduler.tick().taken == 1
    assert due.fired == [(acme.uuid, first), (acme.uuid, second)]
    assert row(acme).next_due is None


def test_sch_7_an_idle_tick_is_one_statement_and_writes_nothing(
    acme, django_assert_num_queries
) -> None:
    with use_control(), django_assert_num_queries(1) as asked:
        scheduler.tick()
    (statement,) = [query["sql"] for query in asked.captured_queries]
    assert statement.strip().startswith("SELECT")
    assert acme.schema_name not in statement
    assert row(acme).run_no == 1


def test_a_tick_is_idle_again_once_all_chores_are_done(
    acme, globex, django_assert_num_queries
) -> None:
    with use_control():
        Chore.objects.all().delete()
    scheduler.tick()
    with use_control():
        assert set(Chore.objects.values_list("name", flat=True)) == set(upkeep.DUTIES)
    with use_control(), django_assert_num_queries(1):
        scheduler.tick()


def test_a_chore_that_fails_stops_no_other(monkeypatch) -> None:
    with use_control():
        Chore.objects.all().delete()
    broken = upkeep.Duty(HOUR, lambda: 1 / 0)
    monkeypatch.setattr(upkeep, "DUTIES", {"broken": broken, **upkeep.DUTIES})
    assert set(upkeep.do_due()) == set(upkeep.DUTIES) - {"broken"}


def test_work_that_commits_before_the_scan_is_seen_by_the_scan(acme) -> None:
    write_work(acme, clock.now())
    (taken,) = take()
    due.work[acme.uuid].append(clock.now() + HOUR)
    scheduler.run_taken(taken)
    assert row(acme).next_due == clock.now() + HOUR


def test_an_arm_between_scan_and_put_back_is_kept(acme) -> None:
    write_work(acme, clock.now())
    (taken,) = take()
    write_work(acme, clock.now() + SECOND)
    with use_control():
        assert wake_ups.put_back(taken, clock.now() + HOUR) == clock.now() + SECOND
    assert row(acme).next_due == clock.now() + SECOND


def test_a_wake_up_that_is_taken_cannot_be_taken_again(acme) -> None:
    write_work(acme, clock.now())
    assert len(take()) == 1
    write_work(acme, clock.now())
    assert take() == []


def test_a_worker_that_dies_after_the_take_is_followed_after_its_lease(acme) -> None:
    at = write_work(acme, clock.now())
    assert len(take()) == 1
    clock.advance(wake_ups.LEASE - SECOND)
    assert scheduler.tick().taken == 0
    clock.advance(SECOND)
    assert scheduler.tick().taken == 1
    assert due.fired == [(acme.uuid, at)]


def test_a_slow_worker_that_comes_back_after_its_lease_changes_nothing(acme) -> None:
    write_work(acme, clock.now())
    (slow,) = take()
    clock.advance(wake_ups.LEASE)
    (_quick,) = take()
    assert scheduler.run_taken(slow) is None
    with use_control():
        assert wake_ups.put_back(slow, None) is None
    assert row(acme).lease_until == clock.now() + wake_ups.LEASE
    assert due.fired == []


def test_a_second_take_over_an_armed_row_loses_nothing(acme) -> None:
    write_work(acme, clock.now())
    take()
    armed = write_work(acme, clock.now() + SECOND)
    clock.advance(wake_ups.LEASE)
    scheduler.tick()
    assert (acme.uuid, armed) in due.fired


def test_a_lost_arming_is_found_by_the_sweep(acme) -> None:
    at = write_work(acme, clock.now() + HOUR, arm=False)
    assert row(acme).next_due is None
    with use_control():
        Chore.objects.update(next_due=clock.now())
    scheduler.tick()
    assert row(acme).next_due == at


def test_of_many_processes_one_does_the_sweep() -> None:
    with use_control():
        Chore.objects.all().delete()

    def sweep(_number: int) -> bool:
        try:
            return "sweep" in upkeep.do_due()
        finally:
            connections.close_all()

    for _time in ("the very first", "the next"):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(sweep, range(4))) == 1
        clock.advance(upkeep.DUTIES["sweep"].every)


def test_a_source_that_breaks_stops_no_other_tenant_and_does_not_spin(
    acme, globex
) -> None:
    write_work(acme, clock.now())
    at = write_work(globex, clock.now())
    due.faults.add(acme.uuid)
    result = scheduler.tick()
    assert result.failed == ["acme: tests.tenants.due"]
    assert due.fired == [(globex.uuid, at)]
    assert row(acme).next_due == clock.now() + sources.AFTER_FAILURE
    due.faults.clear()
    clock.advance(sources.AFTER_FAILURE)
    scheduler.tick()
    assert len(due.fired) == 2


def test_work_that_others_hold_does_not_spin(acme, monkeypatch) -> None:
    write_work(acme, clock.now())
    monkeypatch.setattr(due, "run_due", lambda limit: 0)
    scheduler.tick()
    assert row(acme).next_due == clock.now() + sources.AFTER_NOTHING


def test_sch_6_a_busy_tenant_is_run_in_batches_to_its_end(acme) -> None:
    for _number in range(2 * sources.ROWS + 5):
        due.work[acme.uuid].append(clock.now())
    write_work(acme, clock.now())
    assert scheduler.tick().ran["acme"] == {"tests.tenants.due": 2 * sources.ROWS + 6}


def test_work_armed_while_the_tenant_runs_does_not_wait_for_the_next_tick(
    acme, monkeypatch
) -> None:
    write_work(acme, clock.now())
    run_due, late = due.run_due, []

    def run_and_arm(limit: int) -> int:
        handled = run_due(limit)
        if not late:
            late.append(write_work(acme, clock.now()))
        return handled

    monkeypatch.setattr(due, "run_due", run_and_arm)
    assert scheduler.tick().ran == {"acme": {"tests.tenants.due": 2}}
    assert row(acme).next_due is None


def test_everything_due_runs_inline_for_cron(acme, globex) -> None:
    write_work(acme, clock.now())
    write_work(globex, clock.now(), arm=False)
    with use_control():
        Chore.objects.filter(name="sweep").delete()
    result = scheduler.run_all_inline()
    assert result.taken == 2
    assert sorted(slug for slug in result.ran) == ["acme", "globex"]
    assert len(due.fired) == 2


def test_one_tenant_alone_runs_inline_for_cron(acme, globex) -> None:
    write_work(acme, clock.now())
    write_work(globex, clock.now())
    result = scheduler.run_all_inline(only=[globex.uuid])
    assert list(result.ran) == ["globex"]
    assert row(acme).next_due == clock.now()


def test_the_control_plane_has_sources_of_its_own(settings) -> None:
    settings.CONTROL_DUE_SOURCES = ["tests.tenants.due"]
    later = clock.now() + HOUR
    with use_control(), transaction.atomic():
        due.work[current().uuid] += [clock.now(), later]
        scheduler.arm(clock.now())
    assert scheduler.tick().control == {"tests.tenants.due": 1}
    assert scheduler.tick().control == {}
    with use_control():
        assert Chore.objects.get(name="sources").next_due <= later
    clock.advance(HOUR)
    assert scheduler.tick().control == {"tests.tenants.due": 1}


def test_work_of_the_control_plane_that_was_not_armed_is_found_soon(settings) -> None:
    settings.CONTROL_DUE_SOURCES = ["tests.tenants.due"]
    with use_control():
        due.work[current().uuid].append(clock.now())
        scheduler.arm(clock.now() + HOUR)
        Chore.objects.filter(name="sources").update(next_due=clock.now())
    assert scheduler.tick().control == {"tests.tenants.due": 1}
    every = upkeep.DUTIES["sources"].every
    with use_control():
        assert Chore.objects.get(name="sources").next_due == clock.now() + every


def test_upkeep_forgets_old_counts(acme) -> None:
    with use_control():
        RateCounter.objects.create(
            subject=b"x" * 32, window_start=clock.now() - 25 * HOUR, count=1
        )
        upkeep.forget()
        assert RateCounter.objects.count() == 0
        assert ProvisioningRun.objects.count() == 2


def test_a_race_of_writers_and_takers_loses_nothing_and_fires_nothing_twice(
    acme, globex
) -> None:
    """Writers commit and arm while takers take, die, are late, or do their work."""
    dice, wanted = random.Random(1), []

    def write(number: int) -> None:
        tenant = (acme, globex)[number % 2]
        at = clock.now() - timedelta(microseconds=number)
        wanted.append((tenant.uuid, at))
        try:
            write_work(tenant, at)
        finally:
            connections.close_all()

    def work(_number: int) -> None:
        try:
            for taken in take(batch=2):
                if dice.random() < 0.7:
                    scheduler.run_taken(taken)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for number in range(40):
            pool.submit(write, number)
            pool.submit(work, number)
    clock.advance(wake_ups.LEASE)
    for _round in range(3):
        scheduler.tick()
        clock.advance(SECOND)
    assert sorted(due.fired) == sorted(wanted)
    assert len(wanted) == 40

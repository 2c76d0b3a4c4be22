"""FLT-1: a run that is killed anywhere is followed by another; nothing runs twice."""

import os
import signal
from collections.abc import Callable

import pytest
from django.db import connection

from tenants import states
from tenants.context import use_control
from tenants.fleet import reading
from tenants.fleet.orders import Told
from tenants.life import going_on
from tenants.models import MigrationLedger, Tenant, WakeUp
from tests.databases import run_there
from tests.tenants.fleet.bodies import ONE, TABLE, TEN
from tests.tenants.fleet.conftest import (
    columns,
    ended,
    entries,
    plans,
    row,
    script_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Dies(Told):
    """Kills its process after a step, as no clean-up can."""

    def __init__(self, step: str) -> None:
        self.last = step

    def step(self, name: str) -> None:
        if name == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def killed_after(step: str, go: Callable[[Told], object]) -> bool:
    """Run in a child process that dies after a step; tell whether it came so far."""
    connection.close()
    child = os.fork()
    if not child:
        try:
            go(Dies(step))
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.slow
def test_flt1_a_run_killed_after_any_step_is_gone_on_with(
    moves, run, crowd, acme, globex
) -> None:
    """Each child comes one step further than the one before."""
    tenants = [acme, globex, *crowd(3)]
    moves(ten=TEN, table=TABLE)
    steps = ("lock", "control", "template", "read", "skipped", "canary", "plan")
    for step in steps:
        assert killed_after(step, run), step
    # Two canaries have arrived, and the plan of the second is written.
    behind = [one.slug for one in tenants if not columns(one)]
    assert len(behind) == 3
    for slug in behind[:2]:
        step = f"tenant {slug}"
        assert killed_after(step, lambda told: run(told, resume=True)), step
    assert killed_after("end", lambda told: run(told, resume=True))
    assert run(resume=True).is_whole
    assert len({script_of(tenant) for tenant in tenants}) == 1
    for tenant in tenants:
        assert columns(tenant) == [f"extra_{n}" for n in range(10)]
        with use_control():
            names = reading.applied(tenant)
        assert len(names) == len(set(names))
        assert row(tenant).schema_rev == row(acme).schema_rev
    with use_control():
        assert not MigrationLedger.objects.exclude(state__in=["done", "skipped"])


def test_flt1_a_kill_between_two_migrations_leaves_the_first_one_done(
    moves, run, acme, globex
) -> None:
    """What the ledger says is derived: the schema's own table is the truth."""
    moves(one=ONE)
    run()
    with use_control():
        MigrationLedger.objects.update(state="running")
    report = run()
    assert ended(report) == {"acme": ("skipped", None), "globex": ("skipped", None)}
    assert entries(globex) == [("done", "replay", "")]


def test_flt1_who_was_migrated_meanwhile_is_not_migrated_again(
    moves, run, crowd, acme, globex
) -> None:
    """The replay looks at the schema's own table first, in its transaction."""
    from tenants import fleet

    class Meddles(Told):
        def step(self, name: str) -> None:
            if name == "plan":
                fleet.migrate_tenant(globex)

    moves(ten=TEN)
    report = run(Meddles())
    assert report.is_whole
    assert ended(report)["globex"] == ("done", "python")
    assert columns(globex) == [f"extra_{n}" for n in range(10)]
    assert script_of(globex) == script_of(acme)


def test_recorded_sql_that_somebody_changed_is_not_replayed(
    moves, run, crowd, acme, globex
) -> None:
    crowd(1)
    moves(one=ONE)
    run(only=frozenset({acme.uuid}))
    (plan,) = plans()
    run_there(
        "UPDATE tenants_migrationplan SET recorded_sql = replace("
        "recorded_sql::text, 'integer', 'bigint')::jsonb"
        f" WHERE id = '{plan.pk}'"
    )
    report = run(resume=True)
    assert report.is_whole
    assert len(plans()) == 2
    assert script_of(globex) == script_of(acme)
    assert columns(globex) == ["extra"]


def test_a_resumed_run_takes_the_recorded_sql_of_its_plan(
    moves, run, crowd, acme, globex
) -> None:
    crowd(1)
    moves(one=ONE)
    run(only=frozenset({acme.uuid}))
    report = run(resume=True)
    assert ended(report) == {
        "acme": ("skipped", None),
        "globex": ("done", "replay"),
        "more-0": ("done", "replay"),
    }
    assert len(plans()) == 1


def test_a_tenant_that_was_resumed_while_it_was_held_has_its_timers_again(
    moves, run, acme, globex
) -> None:
    with use_control():
        held = Tenant.objects.get(uuid=acme.uuid)
        Tenant.objects.filter(pk=held.pk).update(migration_hold=True)
        states.change_state(held, states.State.SUSPENDED, reason="-", by="tests")
        going_on.resume(held, reason="-", by="tests")
        assert not WakeUp.objects.get(tenant=held).enabled
    moves(one=ONE)
    assert run(canary=globex.uuid).is_whole
    with use_control():
        assert WakeUp.objects.get(tenant=held).enabled
    assert not row(acme).migration_hold

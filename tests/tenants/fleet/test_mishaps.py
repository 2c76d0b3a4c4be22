"""What happens to a run at night: kills, lost connections, and others who go on."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from tenants import fleet, roles
from tenants.context import TenantInfo, use_control
from tenants.errors import FleetAhead, FleetBusy
from tenants.fleet import missing, recipes, revisions
from tenants.fleet.locking import fleet_lock
from tenants.fleet.orders import Outcome, Told
from tenants.models import ProvisioningRun, Tenant
from tests.databases import run_there, server, working
from tests.tenants.fleet.bodies import DATA, ONE
from tests.tenants.fleet.conftest import (
    columns,
    ended,
    entries,
    outcome,
    poison,
    row,
    script_of,
)
from tests.tenants.test_command import fails

pytestmark = pytest.mark.django_db(transaction=True)

ENDS_ITSELF = """
def fill(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())"
                       " FROM leave_leaverequest WHERE reason = 'ill'")

operations = [
    migrations.AddField("leaverequest", "extra", models.IntegerField(null=True)),
    migrations.RunPython(fill, migrations.RunPython.noop),
]
"""
SLEEPS = """
def fill(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20) FROM leave_leaverequest"
                       " WHERE reason = 'ill' LIMIT 1")

operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""
OF_THE_FLEET = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database())
"""
SLEEPING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'
"""


class After(Told):
    """Does something once, after a step."""

    def __init__(self, step: str, act: Callable[[], object]) -> None:
        self.last, self.act = step, act

    def step(self, name: str) -> None:
        if name == self.last:
            self.last = ""
            self.act()


def leave(tenant: TenantInfo) -> None:
    """Take a tenant's schema and role away, as a purge does."""
    with use_control():
        Tenant.objects.filter(uuid=tenant.uuid).update(state="purged")
    run_there(f"DROP SCHEMA {tenant.schema_name} CASCADE")
    run_there(f"DROP ROLE {tenant.db_role}")


@pytest.mark.parametrize("body", [DATA, ONE], ids=["python", "replay"])
def test_who_is_purged_during_a_run_is_not_made_again(
    moves, run, crowd, acme, body
) -> None:
    (more,) = crowd(1)
    moves(one=body)
    report = run(After("plan", lambda: leave(more)), canary=acme.uuid)
    assert report.is_whole
    assert ended(report)["more-0"] == ("skipped", None)
    with use_control():
        assert not roles.has_schema(more)


def test_rights_are_given_to_nobody_who_is_leaving(acme, globex) -> None:
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(state="archived")
        ProvisioningRun.objects.create(
            tenant=Tenant.objects.get(uuid=globex.uuid),
            tenant_uuid=globex.uuid,
            kind=ProvisioningRun.Kind.PURGE,
            state=ProvisioningRun.State.RUNNING,
            idempotency_key="purge",
        )
    for tenant in (acme, globex):
        assert not missing.is_there(tenant)
        with pytest.raises(missing.Leaving):
            missing.make_again(tenant)


def test_a_backend_that_is_ended_costs_its_own_tenant_only(
    moves, run, crowd, acme, globex
) -> None:
    (more,) = crowd(1)
    poison(globex)
    moves(ends=ENDS_ITSELF)
    report = run(canary=acme.uuid)
    failure = outcome(report, globex).failure
    assert failure is not None
    assert failure.migration == "leave.0002_ends"
    assert columns(globex) == []
    assert outcome(report, more).is_done
    assert columns(more) == ["extra"]
    run_there(f"UPDATE {globex.schema_name}.leave_leaverequest SET reason = ''")
    assert run(retry_failed=True).is_whole
    assert columns(globex) == ["extra"]


def test_flt_1_a_commit_whose_answer_is_lost_is_a_commit(
    moves, run, acme, globex, monkeypatch
) -> None:
    truly = recipes.replay

    def lost(*args: object, **options: object) -> None:
        truly(*args, **options)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(recipes, "replay", lost)
    moves(one=ONE)
    report = run(canary=acme.uuid)
    assert report.is_whole
    assert ended(report)["globex"] == ("done", "replay")
    assert entries(globex) == [("done", "replay", "")]
    assert row(globex).schema_rev == report.revision


def test_a_run_that_loses_its_lock_stops(moves, run, crowd, acme, globex) -> None:
    """Another run may be under way by then."""
    (more,) = crowd(1)
    moves(one=ONE)
    with pytest.raises(FleetBusy, match="lost"):
        run(After("plan", lambda: run_there(OF_THE_FLEET)), canary=acme.uuid)
    assert columns(acme) == ["extra"]
    assert columns(more) == []
    assert run().is_whole
    assert script_of(more) == script_of(acme) == script_of(globex)


def test_the_processes_of_a_run_that_was_killed_end_and_free_the_lock(
    moves, run, crowd, acme, globex
) -> None:
    crowd(1)
    poison(globex)
    moves(sleeps=SLEEPS)
    connection.close()
    child = os.fork()
    if not child:
        try:
            run(jobs=2, canary=acme.uuid)
        finally:
            os._exit(1)
    try:
        assert until(lambda: count(SLEEPING) == 1, seconds=30)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert until(is_free, seconds=8)
    run_there(f"UPDATE {globex.schema_name}.leave_leaverequest SET reason = ''")
    assert run(retry_failed=False).is_whole


def test_who_comes_right_after_a_run_finds_its_lock_free() -> None:
    """A backend ends some time after its connection is closed."""
    sent: list[str] = []

    def noted(execute: Callable[..., object], text: str, *args: object) -> object:
        sent.append(text)
        return execute(text, *args)

    with fleet_lock() as held:
        held._connection.execute_wrappers.append(noted)
    assert sent == ["SELECT pg_advisory_unlock_all()"]
    with fleet_lock():
        pass


def until(holds: Callable[[], bool], *, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(0.05)
    return False


def count(statement: str) -> int:
    with server(working()) as there:
        found = there.execute(statement.encode()).fetchone()
        return int(found[0]) if found else 0


def is_free() -> bool:
    with contextlib.suppress(FleetBusy, psycopg.Error), fleet_lock():
        return True
    return False


# Other releases


def become_older(settings: object) -> None:
    settings.MIGRATION_MODULES = {}
    revisions.of_code.cache_clear()


def test_flt_2_an_older_release_does_nothing_to_newer_schemas(
    moves, run, acme, globex, settings
) -> None:
    """It rolls nothing back, and holds nobody whom the newer one serves."""
    moves(one=ONE)
    newer = run().revision
    become_older(settings)
    with pytest.raises(FleetAhead, match="control plane"):
        run()
    run_there("DELETE FROM django_migrations WHERE name = '0002_one'")
    with pytest.raises(FleetAhead, match="acme, globex"):
        run()
    code, line = fails("migrate")
    assert (code, "newer release" in line) == (4, True)
    assert fails("migrate", "--plan")[0] == 4
    with pytest.raises(CommandError) as caught:
        call_command("migrate_schemas")
    assert caught.value.returncode == 4
    for tenant in (acme, globex):
        assert columns(tenant) == ["extra"]
        assert (row(tenant).schema_rev, row(tenant).migration_hold) == (newer, False)


def test_flt_2_nor_where_only_the_control_plane_is_newer(run, acme) -> None:
    run_there(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('tenants', '9999_of_tomorrow', now())"
    )
    with pytest.raises(FleetAhead, match="9999_of_tomorrow"):
        run()
    assert fails("migrate")[0] == 4


def write_row(tenant: TenantInfo, app: str, name: str) -> None:
    run_there(
        f"INSERT INTO {tenant.schema_name}.django_migrations (app, name, applied)"
        f" VALUES ('{app}', '{name}', now())"
    )


def test_what_is_left_of_an_app_that_is_gone_keeps_nobody_behind(
    moves, run, acme, globex
) -> None:
    write_row(acme, "formerly", "0001_initial")
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(schema_rev="of long ago")
    assert ended(run())["acme"] == ("skipped", None)
    assert row(acme).schema_rev == fleet.revision()
    moves(one=ONE)
    assert run().is_whole
    assert columns(acme) == columns(globex) == ["extra"]
    assert row(acme).schema_rev == row(globex).schema_rev


def test_flt_2_what_was_squashed_is_of_no_newer_release(moves, run, acme) -> None:
    """The rows of what was put together stay, and their names are higher."""
    moves(squashed_0003_more=ONE)
    write_row(acme, "leave", "0003_more")
    run_there(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('leave', '0003_more', now())"
    )
    assert run().is_whole
    assert columns(acme) == ["extra"]


SQUASHED = f"""
dependencies = [("leave", "0001_initial")]
replaces = [("leave", "0002_one")]
{ONE}
"""


def test_a_squashed_migration_is_written_down_before_its_parts_go(
    moves, run, acme, globex
) -> None:
    """Its tables would be made anew by the release that has no parts any more."""
    moves(one=ONE)
    assert run().is_whole
    moves(squashed=SQUASHED)
    assert ended(run()) == {"acme": ("skipped", None), "globex": ("skipped", None)}
    for schema in ("public", acme.schema_name, globex.schema_name):
        rows = f"FROM {schema}.django_migrations WHERE name = '0003_squashed'"
        assert count(f"SELECT count(*) {rows}") == 1
    assert ended(run()) == {"acme": ("skipped", None), "globex": ("skipped", None)}


def test_a_migration_that_did_not_run_although_its_row_is_there_is_told_as_drift(
    moves, run, acme, globex
) -> None:
    """The row is the truth of a run; the tables are compared by `drift`."""
    moves(one=ONE)
    write_row(globex, "leave", "0002_one")
    assert ended(run())["globex"] == ("skipped", None)
    assert columns(globex) == []
    assert fails("drift", "--only", "globex")[0] == 6


def test_who_arrives_from_the_release_before_during_a_run_is_taken_along(
    moves, run, acme, globex
) -> None:
    before = fleet.find_template()
    assert before is not None
    made: list[TenantInfo] = []

    def arrive() -> None:
        with use_control():
            made.append(Tenant.objects.create(slug="late", state="active").info())
        fleet.build(made[0], before)

    moves(one=ONE)
    report = run(After("read", arrive))
    assert report.is_whole
    assert outcome(report, made[0]).is_done
    assert columns(made[0]) == ["extra"]
    assert row(made[0]).schema_rev == report.revision


def test_an_outcome_names_its_tenant_by_what_it_was_called(
    moves, run, acme, globex
) -> None:
    """A tenant that is renamed meanwhile is migrated all the same."""

    class Renames(Told):
        def ended(self, outcome: Outcome) -> None:
            with use_control():
                Tenant.objects.filter(slug="globex").update(slug="globex-group")

    moves(one=ONE)
    report = run(Renames(), canary=acme.uuid)
    assert report.is_whole
    assert ended(report) == {"acme": ("done", "python"), "globex": ("done", "replay")}
    assert columns(globex) == ["extra"]
    assert row(globex).slug == "globex-group"

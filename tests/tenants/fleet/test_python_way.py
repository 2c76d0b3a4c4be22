"""What runs Python, or by itself, runs in each schema; also in several processes."""

import pytest
from psycopg.errors import UniqueViolation

from tenants.context import use, use_control
from tests.databases import run_there
from tests.tenants.fleet.bodies import ALONE, DATA, INDEX, PYTHON
from tests.tenants.fleet.conftest import (
    asked,
    busy,
    columns,
    ended,
    entries,
    outcome,
    plans,
    poison,
    row,
    script_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def groups(tenant) -> list[str]:
    from django.contrib.auth.models import Group

    with use(tenant):
        return list(Group.objects.order_by("pk").values_list("name", flat=True))


def test_python_that_does_another_thing_for_each_tenant_runs_in_each(
    moves, run, crowd, acme, globex
) -> None:
    (more,) = crowd(1)
    before = len(groups(acme))
    moves(data=DATA)
    report = run()
    assert report.is_whole
    assert set(ended(report).values()) == {("done", "python")}
    assert report.groups[0]["obstacle"] == "leave.0002_data: it runs Python"
    assert groups(acme)[0] == f"one of {before}: 1"
    assert groups(more) == []
    assert script_of(more) == script_of(acme) == script_of(globex)
    assert row(more).schema_rev == report.revision


def test_a_schema_that_comes_out_unlike_the_canarys_is_told(
    moves, run, crowd, acme, globex
) -> None:
    (more,) = crowd(1)
    moves(python=PYTHON)
    report = run(canary=acme.uuid)
    assert [one.tenant.slug for one in report.failed] == ["more-0"]
    failure = outcome(report, more).failure
    assert failure is not None
    assert failure.sqlstate == "fingerprint_differs"
    assert entries(more) == [("failed", "python", "fingerprint_differs")]


def test_what_is_marked_to_do_nothing_in_old_schemas_is_replayed(
    moves, run, acme, globex
) -> None:
    moves(
        data="replayable_no_op = True\n"
        "operations = [\n"
        "    migrations.AddField('leaverequest', 'extra',"
        " models.IntegerField(null=True)),\n"
        "    migrations.RunPython(lambda apps, editor: None),\n"
        "]\n"
    )
    assert ended(run())["globex"] == ("done", "replay")
    assert columns(globex) == ["extra"]


def test_a_mark_that_is_not_true_is_found_out(moves, run, acme, globex) -> None:
    moves(data="replayable_no_op = True" + DATA)
    assert ended(run())["globex"] == ("done", "python")
    assert "it reads data" in plans()[0].obstacle


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE leave_leaverequest SET reason = %s", ""),
        ("SELECT max(id) FROM leave_leaverequest", "it reads data"),
        ("GRANT SELECT ON leave_leaverequest TO current_user", "schema or a role"),
        ("CREATE TABLE public.leaked (id int)", "schema or a role"),
        ("DROP TABLE IF EXISTS one; DROP TABLE IF EXISTS two", "several statements"),
    ],
    ids=["writes", "reads", "role", "schema", "several"],
)
def test_sql_is_replayed_unless_it_is_somebodys(moves, run, globex, sql, words) -> None:
    values = ["done; 100 %"] if "%s" in sql else None
    moves(sql=f"operations = [migrations.RunSQL([({sql!r}, {values!r})])]")
    if "public" in sql:
        moves(away="operations = [migrations.RunSQL('DROP TABLE public.leaked')]")
    run()
    assert words in plans()[0].obstacle
    assert bool(words) is not plans()[0].replayable


def test_several_processes_share_the_work(moves, run, crowd, acme, globex) -> None:
    made = crowd(2)
    moves(data=DATA)
    report = run(jobs=2)
    assert report.is_whole
    assert len(report.of_state("done")) == 4
    for tenant in (acme, globex, *made):
        assert columns(tenant) == ["extra"]
        assert entries(tenant) == [("done", "python", "")]


def indexes(tenant) -> list[tuple[object, ...]]:
    return asked(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.relname = 'leave_by_reason' AND c.relnamespace = %s::regnamespace",
        tenant.schema_name,
    )


def test_flt4_an_index_is_built_beside_the_work_of_one_tenant_after_another(
    moves, run, acme, globex
) -> None:
    moves(index=INDEX)
    report = run()
    assert report.is_whole
    assert set(ended(report).values()) == {("done", "python")}
    assert "it is not atomic" in report.groups[0]["obstacle"]
    assert indexes(acme) == indexes(globex) == [(True,)]


def test_flt4_what_a_broken_try_left_of_an_index_is_cleared_up(
    moves, run, acme, globex
) -> None:
    """A build that was killed leaves an index that is not valid."""
    poison(globex, "ill", "ill")
    name = f"{globex.schema_name}.leave_leaverequest"
    build = f"CREATE UNIQUE INDEX CONCURRENTLY leave_by_reason ON {name} (reason)"
    with pytest.raises(UniqueViolation):
        run_there(build)
    assert indexes(globex) == [(False,)]
    moves(index=INDEX)
    assert run(canary=acme.uuid).is_whole
    assert indexes(globex) == [(True,)]


def test_flt4_an_index_waits_for_writers_no_longer_than_its_patience(
    moves, run, acme, globex
) -> None:
    """What it leaves is no index, and the next run builds it."""
    moves(index=INDEX)
    with busy(globex):
        report = run(canary=acme.uuid)
        failure = outcome(report, globex).failure
        assert failure is not None
        assert (failure.migration, failure.sqlstate) == ("leave.0002_index", "55P03")
        assert outcome(report, globex).attempts == 6
        assert indexes(globex) == [(False,)]
    assert run(retry_failed=True).is_whole
    assert indexes(acme) == indexes(globex) == [(True,)]


def test_what_runs_in_no_transaction_waits_for_locks_no_longer_than_others(
    moves, run, acme, globex
) -> None:
    """Neither after a setting of its own; nor the patience of what locks nobody out."""
    moves(alone=ALONE)
    with busy(globex):
        report = run(canary=acme.uuid, build_lock_timeout_ms=0)
        failure = outcome(report, globex).failure
        assert failure is not None
        assert (failure.migration, failure.sqlstate) == ("leave.0002_alone", "55P03")
    assert columns(globex) == []
    assert run(retry_failed=True).is_whole
    assert columns(globex) == ["extra"]


def test_a_setting_that_a_migration_changes_takes_no_limit_away(
    moves, run, acme, globex
) -> None:
    moves(alone=ALONE.replace("atomic = False", ""))
    with busy(globex):
        failure = outcome(run(canary=acme.uuid), globex).failure
        assert failure is not None
        assert (failure.migration, failure.sqlstate) == ("leave.0002_alone", "55P03")


def test_a_schema_that_is_lost_is_made_again_with_its_role(run, acme, globex) -> None:
    """As after a restore into another server, which lacks the roles."""
    with use_control():
        run_there(f"DROP SCHEMA {globex.schema_name} CASCADE")
    report = run()
    assert report.is_whole
    assert ended(report) == {"acme": ("skipped", None), "globex": ("done", "python")}
    assert script_of(globex) == script_of(acme)
    assert groups(globex) == []

"""`manage.py tenant migrate`, for people, for programs, and by its exit codes."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tenants.fleet.locking import fleet_lock
from tests.tenants.fleet.bodies import INDEX, ONE, PLAIN_INDEX, TWO_ROWS_AT_MOST
from tests.tenants.fleet.conftest import columns, poison

pytestmark = pytest.mark.django_db(transaction=True)


def tenant(*words: str) -> str:
    out = io.StringIO()
    call_command("tenant", "migrate", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fails(*words: str) -> tuple[int, str, str]:
    """Return exit code, line and output of a run that does not do all its work."""
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("tenant", "migrate", *words, stdout=out, stderr=io.StringIO())
    return caught.value.returncode, str(caught.value), out.getvalue()


def test_the_plan_is_told_and_then_gone(moves, acme, globex) -> None:
    moves(one=ONE)
    for word in ("--plan", "--dry-run"):
        told = tenant(word)
        assert "2 from " in told
        assert "by replay, canary" in told
        assert "leave.0002_one" in told
        assert "Wave 1 (1%): 2 tenants" in told
    assert columns(acme) == []
    assert "done   2" in tenant("--canary", "acme", "--actor", "carol")
    assert columns(acme) == columns(globex) == ["extra"]
    assert json.loads(tenant("--plan", "--json"))["counts"]["skipped"] == 2


def test_where_nobody_failed_there_is_nobody_to_try_again(moves, acme) -> None:
    assert tenant("--retry-failed") == "There was nobody to migrate.\n"


def test_flt_4_the_plan_warns_of_an_index_that_locks_a_large_table(
    moves, acme, globex, settings
) -> None:
    moves(plain=PLAIN_INDEX)
    assert "warning" not in tenant("--plan")
    settings.TENANT_INDEX_BOUND_BYTES = 0
    told = tenant("--plan")
    assert "warning: leave.0002_plain locks leave_leaverequest" in told
    assert "AddIndexConcurrently" in told
    (group,) = json.loads(tenant("--plan", "--json"))["groups"]
    assert "at 2 of 2 tenants" in group["warnings"][0]


def test_flt_4_an_index_that_locks_nothing_is_no_warning(
    moves, acme, globex, settings
) -> None:
    settings.TENANT_INDEX_BOUND_BYTES = 0
    moves(index=INDEX)
    (group,) = json.loads(tenant("--plan", "--json"))["groups"]
    assert group["warnings"] == []


def test_programs_get_groups_waves_counts_and_failures(moves, acme, globex) -> None:
    poison(globex)
    moves(two=TWO_ROWS_AT_MOST)
    code, line, out = fails("--json", "--canary", "acme", "--wave", "1,100%")
    told = json.loads(out)
    assert code == 5
    assert line == "1 failed: globex"
    assert set(told) == {
        "revision",
        "groups",
        "waves",
        "counts",
        "tenants",
        "failed",
        "stopped",
    }
    assert (told["counts"]["done"], told["counts"]["failed"]) == (1, 1)
    (failed,) = told["failed"]
    assert failed.pop("text").startswith("IntegrityError: check constraint")
    assert failed.pop("uuid") == str(globex.uuid)
    assert failed == {
        "slug": "globex",
        "migration": "leave.0002_two",
        "statement": 2,
        "sqlstate": "23514",
        "attempts": 1,
    }
    code, line, out = fails("--retry-failed")
    assert (code, "TENANT  MIGRATION" in out) == (5, True)


def test_another_run_ends_with_7(acme) -> None:
    with fleet_lock():
        assert fails()[0] == 7
        with pytest.raises(CommandError) as caught:
            call_command("migrate_schemas", stdout=io.StringIO())
        assert caught.value.returncode == 7


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--canary", "nobody"), 3),
        (("--only", "nobody"), 3),
        (("--wave", "many"), 1),
        (("--wave", "50%,1"), 1),
        (("--jobs", "0"), 1),
        (("--resume", "--retry-failed"), 1),
    ],
    ids=["canary", "only", "wave", "order", "jobs", "both"],
)
def test_what_is_typed_wrongly_does_nothing(acme, words, code) -> None:
    # What argparse refuses is code 2 at a terminal, and an error of ours here.
    assert fails(*words)[0] == code


def test_migrate_schemas_is_the_same_run(moves, acme, globex) -> None:
    moves(one=ONE)
    out = io.StringIO()
    call_command("migrate_schemas", stdout=out)
    assert sorted(out.getvalue().splitlines()) == [
        "acme: migrated",
        "globex: migrated",
        "public: up to date",
    ]
    assert "skipped  2" in tenant()

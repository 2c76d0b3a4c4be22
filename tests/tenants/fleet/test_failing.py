"""One tenant that fails stops nobody else; what would stop all does."""

from collections.abc import Iterator

import psycopg
import pytest

from tenants import fleet
from tenants.context import use_control
from tenants.errors import CanaryUnfit, FleetBusy
from tenants.fleet.locking import fleet_lock
from tenants.fleet.orders import Outcome, Told, waves
from tenants.models import MigrationLedger
from tenants.states import State, change_state
from tests.databases import run_there, server, working
from tests.tenants.fleet.bodies import ONE, TABLE, TWO_ROWS_AT_MOST, UNIQUE
from tests.tenants.fleet.conftest import columns, ended, entries, outcome, poison, row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(globex) -> Iterator[psycopg.Connection]:
    """Return a connection that reads globex's requests and does not end."""
    with server(working()) as other:
        other.autocommit = False
        other.execute(f"SELECT 1 FROM {globex.schema_name}.leave_leaverequest")
        yield other


def test_flt6_a_poisoned_table_is_named_with_its_statement(
    moves, run, crowd, acme, globex
) -> None:
    (more,) = crowd(1)
    poison(globex)
    moves(two=TWO_ROWS_AT_MOST)
    report = run(canary=acme.uuid)
    assert not report.is_whole
    assert [one.tenant.slug for one in report.failed] == ["globex"]
    failure = outcome(report, globex).failure
    assert failure is not None
    assert (failure.migration, failure.statement_no) == ("leave.0002_two", 2)
    assert failure.sqlstate == "23514"
    assert "leave_no_reason" in failure.text
    assert columns(globex) == []
    assert columns(more) == ["extra"]
    assert entries(globex) == [("failed", "", "23514")]


def test_flt6_where_django_migrates_the_statement_is_named_too(
    moves, run, acme, globex
) -> None:
    poison(globex, "ill", "ill")
    run_there(f"ALTER TABLE {globex.schema_name}.leave_leaverequest ADD by_hand int")
    moves(unique=UNIQUE)
    failure = outcome(run(canary=acme.uuid), globex).failure
    assert failure is not None
    assert (failure.migration, failure.statement_no) == ("leave.0002_unique", 1)
    assert failure.sqlstate == "23505"
    assert "leave_reason_once" in failure.text


def test_flt6_what_a_tenant_wrote_does_not_come_to_the_control_plane(
    moves, run, acme, globex
) -> None:
    """PostgreSQL quotes the rows that are in the way."""
    poison(globex, "of burnout", "of burnout")
    moves(unique=UNIQUE)
    failure = outcome(run(canary=acme.uuid), globex).failure
    assert failure is not None
    assert failure.sqlstate == "23505"
    with use_control():
        kept = list(MigrationLedger.objects.values_list("error_text", flat=True))
    for text in (failure.text, *kept):
        assert "burnout" not in text
    assert any("leave_reason_once" in text for text in kept)


def test_a_failed_tenant_is_tried_again_alone(moves, run, acme, globex) -> None:
    poison(globex)
    moves(two=TWO_ROWS_AT_MOST)
    run(canary=acme.uuid)
    run_there(f"UPDATE {globex.schema_name}.leave_leaverequest SET reason = 'none'")
    report = run(retry_failed=True)
    assert report.is_whole
    assert list(ended(report)) == ["globex"]
    assert columns(globex) == ["extra"]


def test_a_lock_that_is_held_is_waited_for_and_then_told(
    moves, run, held, acme, globex
) -> None:
    moves(one=ONE)
    report = run(canary=acme.uuid)
    failed = outcome(report, globex)
    assert failed.failure is not None
    assert (failed.state, failed.failure.sqlstate) == ("failed", "55P03")
    assert failed.attempts == 6  # three, and three at the end of the run
    assert columns(globex) == []
    held.rollback()
    assert run(retry_failed=True).is_whole
    assert columns(globex) == ["extra"]


def test_who_was_locked_has_another_turn_at_the_end(
    moves, run, held, acme, globex
) -> None:
    class LetsGo(Told):
        def ended(self, outcome: Outcome) -> None:
            if outcome.state == "deferred":
                held.rollback()

    moves(one=ONE)
    report = run(LetsGo(), canary=acme.uuid)
    assert report.is_whole
    assert outcome(report, globex).attempts == 4
    assert columns(globex) == ["extra"]


def test_a_canary_that_fails_stops_all(moves, run, acme, globex) -> None:
    poison(acme)
    moves(two=TWO_ROWS_AT_MOST)
    report = run(canary=acme.uuid)
    assert report.stopped == "The canary acme failed."
    assert ended(report) == {"acme": ("failed", None), "globex": ("pending", None)}
    assert columns(globex) == []


def test_one_that_failed_in_an_earlier_release_stops_no_later_one(
    moves, run, acme, globex
) -> None:
    """It is a group by itself by then, and so its own canary."""
    poison(globex)
    moves(two=TWO_ROWS_AT_MOST)
    run(canary=acme.uuid)
    moves(three=TABLE)
    report = run()
    assert report.stopped == ""
    assert not report.is_whole
    states = {slug: state for slug, (state, _mode) in ended(report).items()}
    assert states == {"acme": "done", "globex": "failed"}


def test_two_failures_in_a_wave_stop_the_next_one(
    moves, run, crowd, acme, globex
) -> None:
    canary, waiting = crowd(2)
    poison(acme)
    poison(globex)
    moves(two=TWO_ROWS_AT_MOST)
    report = run(canary=canary.uuid, waves=waves("1,3,100%"))
    assert report.stopped == "Too many failed in wave 1 (3)."
    assert {one.tenant.slug for one in report.failed} == {"acme", "globex"}
    assert ended(report)["more-1"] == ("pending", None)
    assert columns(waiting) == []


@pytest.mark.parametrize(
    ("failed", "size", "stops"),
    [(0, 3, False), (1, 3, False), (2, 3, True), (2, 100, False), (3, 100, True)],
)
def test_more_than_two_percent_stop_and_one_alone_never_does(
    failed, size, stops, acme
) -> None:
    from tenants.fleet.orders import is_too_many

    found = [
        Outcome(acme, "failed" if number < failed else "done") for number in range(size)
    ]
    assert is_too_many(found) is stops


def test_a_second_run_finds_the_lock_held(run) -> None:
    with fleet_lock(), pytest.raises(FleetBusy):
        run()
    assert run().is_whole


def test_a_canary_that_is_up_to_date_is_refused(moves, run, acme, globex) -> None:
    moves(one=ONE)
    run(only=frozenset({acme.uuid}))
    with pytest.raises(CanaryUnfit):
        run(canary=acme.uuid)


def test_flt5_stopped_tenants_are_migrated_last_and_stay_closed(
    moves, run, acme, globex
) -> None:
    change_state(row(acme), State.SUSPENDED, reason="Unpaid.", by="operator")
    moves(one=ONE)
    report = run()
    assert report.groups[0]["canary"] == "globex"
    assert ended(report) == {"globex": ("done", "python"), "acme": ("done", "replay")}
    assert columns(acme) == ["extra"]
    with use_control():
        from tenants.fleet import rights

        held = rights.found([acme.schema_name])[acme.schema_name]
    assert not [one for one in held if not one.relation]


def test_flt5_who_has_no_schema_is_left_out(run, acme, globex) -> None:
    with use_control():
        type(row(acme)).objects.create(slug="coming", state="provisioning")
        type(row(acme)).objects.create(slug="gone", state="archived")
    assert set(ended(run())) == {"acme", "globex"}


def test_flt2_who_is_not_of_an_accepted_revision_is_held_until_migrated(
    moves, run, acme, globex, monkeypatch
) -> None:
    from tenants.fleet import holds

    run()
    poison(globex)
    before = row(globex).schema_rev
    assert before == fleet.revision()
    moves(two=TWO_ROWS_AT_MOST)
    run(canary=acme.uuid)
    assert (row(acme).migration_hold, row(globex).migration_hold) == (False, True)
    assert row(globex).schema_rev == before
    monkeypatch.setattr(holds, "accepted", lambda: {fleet.revision(), before})
    assert holds.settle(by="tests") == {globex.uuid: False}
    assert not row(globex).migration_hold

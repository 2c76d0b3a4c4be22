"""What the canary's migrations sent is sent to all others, and comes to the same."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import fleet, provisioning, roles
from tenants.context import use, use_control
from tenants.fleet import (
    drift,
    migrate,
    numbering,
    reading,
    recipes,
    scripts,
    templates,
)
from tenants.fleet.targets import due_in_control
from tenants.models import OperatorEvent, SchemaTemplate
from tests import twins
from tests.databases import run_there
from tests.tenants.fleet.bodies import ONE, TABLE, TEN
from tests.tenants.fleet.conftest import (
    asked,
    columns,
    ended,
    entries,
    plans,
    row,
    script_of,
)

pytestmark = pytest.mark.django_db(transaction=True)
BY_CANARY_AND_REPLAY = {"acme": ("done", "python"), "globex": ("done", "replay")}


def test_ten_new_columns_are_replayed_and_come_to_what_the_migrations_make(
    moves, run, acme, globex
) -> None:
    moves(ten=TEN)
    report = run()
    assert report.is_whole
    assert ended(report) == BY_CANARY_AND_REPLAY
    template = fleet.find_template()
    assert template is not None
    assert script_of(globex) == script_of(acme) == scripts.kept(template.script)
    assert columns(globex) == [f"extra_{n}" for n in range(10)]
    assert all(one.is_sound for one in drift.look([acme, globex], template))


def test_a_release_of_tenants_tables_is_only_written_down_in_the_control_plane(
    moves, run, acme, monkeypatch
) -> None:
    monkeypatch.setattr(migrate, "migrate_control", None)
    moves(ten=TEN)
    assert due_in_control().pending == (("leave", "0002_ten"),)
    assert run().is_whole
    assert due_in_control().pending == ()


def test_flt1_migration_rows_ledger_revision_and_event_come_with_the_tables(
    moves, run, acme, globex
) -> None:
    moves(ten=TEN)
    report = run()
    with use_control():
        assert reading.applied(acme)[-1] == ("leave", "0002_ten")
        assert set(reading.applied(globex)) == set(reading.applied(acme))
        events = OperatorEvent.objects.filter(action="tenant.migrated", actor="tests")
        assert {event.tenant for event in events} == {acme.uuid, globex.uuid}
    assert row(globex).schema_rev == row(acme).schema_rev == report.revision
    assert entries(acme) == [("done", "python", "")]
    assert entries(globex) == [("done", "replay", "")]
    (plan,) = plans()
    assert (plan.replayable, plan.to_rev) == (True, report.revision)
    assert [one["sql"][:11] for one in plan.recorded_sql] == ["ALTER TABLE"] * 10
    assert plan.fingerprint_after == scripts.fingerprint(script_of(globex))


def test_a_replay_is_three_statements_and_one_message(
    moves, run, acme, globex, monkeypatch
) -> None:
    sent: list[list[str]] = []
    truly = recipes.replay

    def counted(*args: object, **options: object) -> None:
        with CaptureQueriesContext(connection) as captured:
            truly(*args, **options)
        sent.append([query["sql"].split()[0] for query in captured.captured_queries])

    monkeypatch.setattr(recipes, "replay", counted)
    moves(ten=TEN)
    assert run().is_whole
    assert sent == [["BEGIN", "LOCK", "COMMIT"]]


def test_who_has_nothing_to_do_is_written_down_in_a_handful_of_statements(
    run, acme, globex
) -> None:
    run()
    with use_control(), CaptureQueriesContext(connection) as captured:
        report = run()
    assert ended(report) == {"acme": ("skipped", None), "globex": ("skipped", None)}
    assert len(captured) <= 40
    with use_control(), CaptureQueriesContext(connection) as captured:
        found = reading.standings([acme, globex] * 200, ())
    assert len(found) == 400
    assert len(captured) == 2 * 4


def test_tpl3_a_new_model_has_the_same_keys_in_old_and_new_tenants(
    moves, run, acme, globex
) -> None:
    moves(table=TABLE)
    assert ended(run()) == BY_CANARY_AND_REPLAY
    provisioning.provision(
        slug="newcomer", name="Newcomer", owner_email="o@newcomer.test", seed=[]
    )
    found = []
    for tenant in (acme, globex, twins.info("newcomer")):
        with use(tenant):
            found.append([numbering.rows(table) for table in numbering.READ])
    assert found[0] == found[1] == found[2]
    types, permissions = found[0]
    assert types[-1][1:] == ("leave", "holiday")
    assert [one[3] for one in permissions[-4:]] == [
        f"{verb}_holiday" for verb in ("add", "change", "delete", "view")
    ]


def test_tpl3_a_number_that_somebody_took_stays_theirs(
    moves, run, acme, globex
) -> None:
    moves(table=TABLE)
    (last,) = asked(
        f"INSERT INTO {globex.schema_name}.django_content_type (app_label, model)"
        " VALUES ('own', 'thing') RETURNING id"
    )
    report = run()
    assert report.is_whole
    assert ended(report)["globex"] == ("done", "python")
    with use(globex):
        rows = {
            (app, model): key for key, app, model in numbering.rows(numbering.TYPES)
        }
    assert rows["own", "thing"] == last[0]
    assert rows["leave", "holiday"] == last[0] + 1


def test_tpl3_a_template_from_the_one_before_is_the_one_from_nothing(
    moves, acme, compiled_anew
) -> None:
    """From nothing all is numbered by the apps' order; the one before decides."""
    moves(table=TABLE)
    with use(acme):
        before = numbering.rows(numbering.TYPES)
    added = fleet.compile_template()
    with use_control():
        added.delete()
        # As it was before numbers and parts were kept.
        SchemaTemplate.objects.update(numbers={}, parts={})
    anew = fleet.compile_template()
    for template in (added, anew):
        rows = template.numbers[numbering.TYPES]["rows"]
        assert [tuple(one) for one in rows[: len(before)]] == before
        assert rows[-1] == [before[-1][0] + 1, "leave", "holiday"]
    for field in ("script", "migrations", "numbers", "parts"):
        assert getattr(added, field) == getattr(anew, field), field
    assert sorted(added.seeds[2:]) == sorted(anew.seeds[2:])


def test_a_template_is_no_beginning_where_a_part_of_it_changed(moves) -> None:
    template = fleet.find_template()
    moves(table=TABLE)
    assert templates.is_beginning(template)
    for parts in (
        {},
        {**template.parts, "leave.0001_initial": "another text"},
        {**template.parts, "leave.0002_withdrawn": "is there no more"},
        {**template.parts, "model leave.Gone": "was deleted or renamed"},
        {**template.parts, "django": "another version"},
    ):
        template.parts = parts
        assert not templates.is_beginning(template)


def test_a_template_is_no_beginning_where_a_schema_is_read_otherwise_by_now(
    moves, monkeypatch
) -> None:
    """What the former way of reading left out would be left out for ever."""
    template = fleet.find_template()
    moves(table=TABLE)
    assert templates.is_beginning(template)
    monkeypatch.setattr(scripts, "SCRIPT", f"{scripts.SCRIPT}-- and what was left out")
    assert not templates.is_beginning(template)


def test_new_tables_have_their_rights_and_books_stay_written_forward(
    moves, run, acme, globex, monkeypatch
) -> None:
    books = (*roles.protected(), ("leave_holiday", "UPDATE, DELETE"))
    monkeypatch.setattr(roles, "protected", lambda: books)
    moves(table=TABLE)
    assert ended(run()) == BY_CANARY_AND_REPLAY
    for tenant in (acme, globex):
        (may,) = asked(
            "SELECT has_table_privilege(%(role)s, %(table)s, 'INSERT'),"
            " has_table_privilege(%(role)s, %(table)s, 'UPDATE')".replace(
                "%(role)s", f"'{tenant.db_role}'"
            ).replace("%(table)s", f"'{tenant.schema_name}.leave_holiday'")
        )
        assert may == (True, False), tenant.slug


def test_two_groups_that_drifted_go_the_way_of_python_where_it_matters(
    moves, run, crowd, acme, globex
) -> None:
    one, two = crowd(2)
    run_there(f"ALTER TABLE {one.schema_name}.leave_leaverequest ADD by_hand int")
    run_there(f"DROP INDEX {two.schema_name}.leave_by_requester")
    run_there(f"CREATE TABLE {globex.schema_name}.by_hand (id int)")
    moves(one=ONE)
    report = run(canary=acme.uuid)
    assert report.is_whole
    assert ended(report) == {
        **BY_CANARY_AND_REPLAY,
        "more-0": ("done", "python"),
        "more-1": ("done", "python"),
    }
    assert {tuple(columns(tenant)) for tenant in (acme, globex, one, two)} == {
        ("extra",)
    }


def test_a_canary_that_drifted_sends_its_whole_group_the_way_of_python(
    moves, run, acme, globex
) -> None:
    run_there(f"ALTER TABLE {globex.schema_name}.leave_leaverequest ADD by_hand int")
    moves(one=ONE)
    report = run(canary=globex.uuid)
    assert report.is_whole
    assert set(ended(report).values()) == {("done", "python")}
    assert "differs from what its migrations make" in report.groups[0]["obstacle"]


def test_a_marked_tenant_is_the_canary(moves, run, acme, globex) -> None:
    with use_control():
        type(row(globex)).objects.filter(slug="globex").update(is_canary=True)
    moves(one=ONE)
    assert ended(run()) == {"acme": ("done", "replay"), "globex": ("done", "python")}


def test_the_plan_is_shown_and_nothing_is_done(moves, acme, globex) -> None:
    moves(ten=TEN)
    before = script_of(acme)
    report = fleet.look(fleet.Order())[1]
    (group,) = report.groups
    assert (group["mode"], group["tenants"]) == ("replay", 2)
    assert group["migrations"] == ["leave.0002_ten"]
    assert ended(report) == {"acme": ("pending", None), "globex": ("pending", None)}
    assert script_of(acme) == before
    assert plans() == []

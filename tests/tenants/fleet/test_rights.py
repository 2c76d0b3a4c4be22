"""All schemas are brought to the code, and those that are there are passed by."""

import pytest
from django.db import connection

from tenants import fleet
from tenants.context import TenantInfo, use_control
from tenants.fleet import current, migrate, rights
from tenants.models import Tenant
from tenants.states import State, change_state
from tests.databases import run_there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entered(monkeypatch) -> list[str]:
    """Return the slugs of the tenants that Django's migrations were run in."""
    seen: list[str] = []
    in_truth = migrate.migrate_tenant

    def seen_and_done(tenant: TenantInfo, **options: object) -> None:
        seen.append(tenant.slug)
        in_truth(tenant, **options)

    monkeypatch.setattr(migrate, "migrate_tenant", seen_and_done)
    return seen


def held_by(tenant: TenantInfo) -> frozenset[rights.Right]:
    with use_control():
        return rights.found([tenant.schema_name])[tenant.schema_name]


def test_who_is_up_to_date_is_not_entered(acme, globex, entered) -> None:
    said: list[str] = []
    assert fleet.migrate_fleet(said=said.append) == {}
    assert entered == []
    assert said == ["public: up to date", "acme: up to date", "globex: up to date"]


def test_the_states_of_many_are_read_in_few_statements(
    acme, globex, django_assert_num_queries
) -> None:
    template = fleet.find_template()
    assert template is not None
    with use_control():
        list(Tenant.objects.all())  # the connection is there
    with django_assert_num_queries(6, connection=connection):
        found = current.up_to_date([acme, globex] * 200, template)
    assert found == {acme.uuid, globex.uuid}


@pytest.mark.parametrize(
    "broken",
    [
        "REVOKE SELECT ON {schema}.auth_group FROM {role}",
        "GRANT DELETE ON {schema}.accounts_securityevent TO {role}",
        "REVOKE USAGE ON SEQUENCE {schema}.auth_group_id_seq FROM {role}",
        "REVOKE USAGE ON SCHEMA {schema} FROM {role}",
    ],
)
def test_rights_that_were_lost_are_set_again(acme, entered, broken: str) -> None:
    before = held_by(acme)
    run_there(broken.format(schema=acme.schema_name, role=acme.db_role))
    assert held_by(acme) != before
    assert fleet.migrate_fleet() == {}
    assert entered == ["acme"]
    assert held_by(acme) == before


def test_a_stopped_tenant_is_passed_by_as_well_and_stays_closed(acme, entered) -> None:
    with use_control():
        row = Tenant.objects.get(slug="acme")
    change_state(row, State.SUSPENDED, reason="Unpaid.", by="operator")
    assert fleet.migrate_fleet() == {}
    assert entered == []
    assert not [
        one for one in held_by(acme) if one.words == "USAGE" and not one.relation
    ]


def test_who_lacks_a_migration_is_migrated(acme, globex, entered) -> None:
    run_there(f"DROP TABLE {acme.schema_name}.leave_leaverequest")
    run_there(f"DELETE FROM {acme.schema_name}.django_migrations WHERE app = 'leave'")
    assert fleet.migrate_fleet() == {}
    assert entered == ["acme"]
    assert fleet.find_template()
    assert current.up_to_date([acme, globex], fleet.compile_template()) == {
        acme.uuid,
        globex.uuid,
    }


def test_one_that_fails_is_named_and_stops_nobody(acme, globex, entered) -> None:
    for tenant in (acme, globex):
        run_there(
            f"DELETE FROM {tenant.schema_name}.django_migrations WHERE app = 'leave'"
        )
    run_there(f"DROP TABLE {globex.schema_name}.leave_leaverequest")
    said: list[str] = []
    failed = fleet.migrate_fleet(said=said.append)
    assert list(failed) == ["acme"]
    assert "already exists" in failed["acme"]
    assert entered == ["acme", "globex"]
    assert said[-1] == "globex: up to date"

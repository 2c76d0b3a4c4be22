"""A run sees that each role may do what is due, also where no table changes."""

import pytest

from tenants.context import TenantInfo, use_control
from tenants.fleet import missing, rights
from tenants.models import Tenant
from tenants.states import State, change_state
from tests.databases import run_there

pytestmark = pytest.mark.django_db(transaction=True)


def held_by(tenant: TenantInfo) -> frozenset[rights.Right]:
    with use_control():
        return rights.found([tenant.schema_name])[tenant.schema_name]


@pytest.mark.parametrize(
    "broken",
    [
        "REVOKE SELECT ON {schema}.auth_group FROM {role}",
        "GRANT DELETE ON {schema}.accounts_securityevent TO {role}",
        "REVOKE USAGE ON SEQUENCE {schema}.auth_group_id_seq FROM {role}",
        "REVOKE USAGE ON SCHEMA {schema} FROM {role}",
    ],
)
def test_rights_that_were_lost_are_set_again(run, acme, broken: str) -> None:
    before = held_by(acme)
    run_there(broken.format(schema=acme.schema_name, role=acme.db_role))
    assert held_by(acme) != before
    assert run().is_whole
    assert held_by(acme) == before


def test_rights_that_were_lost_are_set_again_as_the_state_says_by_now(acme) -> None:
    """A run may have read the tenant long before."""
    with use_control():
        row = Tenant.objects.get(slug="acme")
    change_state(row, State.PAST_DUE, reason="Unpaid.", by="operator")
    before = held_by(acme)
    assert acme.state == State.ACTIVE
    missing.make_again(acme)
    assert held_by(acme) == before


def test_a_stopped_tenant_is_passed_by_as_well_and_stays_closed(run, acme) -> None:
    with use_control():
        row = Tenant.objects.get(slug="acme")
    change_state(row, State.SUSPENDED, reason="Unpaid.", by="operator")
    assert run().is_whole
    assert not [
        one for one in held_by(acme) if one.words == "USAGE" and not one.relation
    ]

"""L20: what a new tenant begins with carries users, tokens or secrets.

A new schema is made by the compiled template and the named steps.
"""

import pytest
from django.db import connection

from tenants.context import TenantInfo, use
from tenants.provisioning import provision
from tests.twins import info

#: What migrations and seeds of every tenant hold.
SEEDED = {
    "accounts_role",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "workflow_activity",
    "workflow_activity_roles",
    "workflow_application",
    "workflow_process",
    "workflow_pushapplication",
    "workflow_transition",
}


def filled(tenant: TenantInfo) -> set[str]:
    """Return the tables of a tenant that hold a row."""
    with use(tenant), connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        return {
            name
            for name in names
            if cursor.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
        }


def newcomer(**order: object) -> TenantInfo:
    provision(
        slug="newcomer",
        name="Newcomer",
        owner_email="operator@newcomer.test",
        by="tests",
        **order,
    )
    return info("newcomer")


@pytest.mark.django_db(transaction=True)
def test_a_schema_without_its_steps_holds_no_rows_but_those_of_the_migrations() -> None:
    tenant = newcomer(seed=[])
    assert filled(tenant) <= SEEDED
    assert not filled(tenant) & {"accounts_user", "workflow_process"}


@pytest.mark.django_db(transaction=True)
def test_a_new_tenant_holds_its_owner_and_nobody_elses_people_or_secrets(acme) -> None:
    tenant = newcomer()
    with use(tenant), connection.cursor() as cursor:
        people = cursor.execute("SELECT email_norm FROM accounts_user").fetchall()
        secrets = cursor.execute("SELECT count(*) FROM accounts_refreshsession")
        assert secrets.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)
    assert {address for (address,) in people if address} == {"operator@newcomer.test"}

"""A schema that differs from the template is named, with what differs."""

from dataclasses import replace

import pytest
from django.db import connection

from tenants import fleet
from tenants.context import TenantInfo, use_control
from tenants.fleet import drift, scripts
from tenants.models import SchemaTemplate
from tests.databases import run_there

pytestmark = pytest.mark.django_db(transaction=True)


def looked(*tenants: TenantInfo) -> list[drift.Looked]:
    template = fleet.find_template()
    assert template is not None
    return list(drift.look(tenants, template))


def differences(tenant: TenantInfo) -> list[tuple[bool, str, str]]:
    (found,) = looked(tenant)
    return [(one.is_missing, one.name, one.text) for one in found.differences]


def test_new_tenants_are_as_the_template(acme, globex) -> None:
    first, second = looked(acme, globex)
    assert first.is_sound
    assert second.is_sound
    assert first.fingerprint == second.fingerprint


def test_a_fingerprint_of_the_database_is_that_of_the_read_script(acme) -> None:
    with use_control():
        script = scripts.read([acme.schema_name])[acme.schema_name]
        (found,) = scripts.fingerprints([acme.schema_name]).values()
    assert scripts.fingerprint(script) == found


def test_what_somebody_changed_by_hand_is_told_by_name(acme, globex) -> None:
    schema = acme.schema_name
    run_there(f"DROP INDEX {schema}.mail_due")
    run_there(f"CREATE VIEW {schema}.seen AS SELECT 1")
    run_there(f"ALTER TABLE {schema}.auth_group ALTER name DROP NOT NULL")
    found = differences(acme)
    assert {(is_missing, name) for is_missing, name, _text in found} == {
        (True, "mail_due"),
        (True, "auth_group"),
        (False, "auth_group"),
        (False, "seen"),
    }
    assert looked(globex)[0].is_sound


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "GRANT SELECT ON {schema}.auth_group TO PUBLIC",
            [(False, "auth_group", "SELECT for everybody")],
        ),
        (
            "REVOKE DELETE ON {schema}.auth_group FROM {role}",
            [
                (True, "auth_group", "DELETE, INSERT, SELECT, UPDATE for {role}"),
                (False, "auth_group", "INSERT, SELECT, UPDATE for {role}"),
            ],
        ),
        (
            "GRANT UPDATE ON {schema}.workflow_auditevent TO {role}",
            [
                (True, "workflow_auditevent", "INSERT, SELECT for {role}"),
                (False, "workflow_auditevent", "INSERT, SELECT, UPDATE for {role}"),
            ],
        ),
        (
            "REVOKE USAGE ON SEQUENCE {schema}.auth_group_id_seq FROM {role}",
            [
                (True, "auth_group_id_seq", "SELECT, USAGE for {role}"),
                (False, "auth_group_id_seq", "SELECT for {role}"),
            ],
        ),
    ],
)
def test_rights_that_were_changed_are_told_too(acme, statement, expected) -> None:
    run_there(statement.format(schema=acme.schema_name, role=acme.db_role))
    assert differences(acme) == [
        (is_missing, name, text.format(role=acme.db_role))
        for is_missing, name, text in expected
    ]


def test_a_schema_that_is_closed_to_its_role_is_told_unless_the_tenant_is_stopped(
    acme,
) -> None:
    run_there(f"REVOKE USAGE ON SCHEMA {acme.schema_name} FROM {acme.db_role}")
    assert differences(acme) == [(True, "the schema", f"USAGE for {acme.db_role}")]
    assert looked(replace(acme, state="suspended"))[0].is_sound


def test_a_schema_that_is_gone_is_told_and_stops_nobody(acme, globex) -> None:
    run_there(f"DROP SCHEMA {acme.schema_name} CASCADE")
    first, second = looked(acme, globex)
    assert (first.fingerprint, first.is_sound) == (None, False)
    assert second.is_sound


def test_many_schemas_are_looked_at_in_few_statements(
    acme, globex, django_assert_max_num_queries
) -> None:
    template = fleet.find_template()
    with use_control():
        assert SchemaTemplate.objects.count() == 1
    many = [acme, globex] * 100
    with django_assert_max_num_queries(8, connection=connection):
        assert all(one.is_sound for one in drift.look(many, template))

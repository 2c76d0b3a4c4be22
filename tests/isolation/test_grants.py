"""The database holds the border by itself, whatever the code above it does."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from tenants import fleet, roles
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.db.base import TenantUnavailable
from tenants.models import Tenant
from tenants.states import State, change_state
from tests.databases import server

OF_SCHEMA = """
SELECT c.relname, c.relkind,
       (SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum LIMIT 1)
FROM pg_class c
WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
ORDER BY 1
"""
ON_TABLES = (
    "SELECT 1 FROM {table} LIMIT 1",
    "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "COPY {table} TO STDOUT",
)
ON_SEQUENCES = (
    "SELECT nextval({name})",
    "SELECT setval({name}, 1)",
    "SELECT last_value FROM {table}",
)


@pytest.fixture
def as_acme(acme: TenantInfo) -> Iterator[psycopg.Connection]:
    """Return a bare connection in acme's role, with nothing of ours around it."""
    with server(connection.settings_dict["NAME"]) as bare:
        bare.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(acme.db_role)))
        yield bare


def relations(schema: str) -> list[tuple[str, str, str]]:
    with use_control(), connection.cursor() as cursor:
        return cursor.execute(OF_SCHEMA, [schema]).fetchall()


def statements(schema: str) -> list[sql.Composed]:
    """Return everything to be tried on each relation of a schema."""
    return [
        sql.SQL(text).format(
            table=sql.Identifier(schema, name),
            name=sql.Literal(f'"{schema}"."{name}"'),
            column=sql.Identifier(column),
        )
        for name, kind, column in relations(schema)
        for text in (ON_SEQUENCES if kind == "S" else ON_TABLES)
    ]


def refusal(bare: psycopg.Connection, statement: sql.Composed) -> str:
    """Return how the server refuses; an empty text where it does not."""
    try:
        bare.execute(statement)
    except InsufficientPrivilege as error:
        return str(error.diag.message_primary)
    return ""


def test_every_relation_of_another_tenant_answers_permission_denied(
    as_acme, globex
) -> None:
    tried = statements(globex.schema_name)
    assert len(tried) > 200
    for statement in tried:
        assert refusal(as_acme, statement).startswith("permission denied"), statement


def test_every_relation_of_the_control_plane_answers_permission_denied(as_acme) -> None:
    tried = statements("public")
    assert len(tried) > 100
    for statement in tried:
        assert refusal(as_acme, statement).startswith("permission denied"), statement


def test_the_owner_of_the_same_relations_reads_every_one(globex) -> None:
    names = [name for name, kind, _ in relations(globex.schema_name) if kind != "S"]
    assert len(names) > 30
    with use(globex), connection.cursor() as cursor:
        for name in names:
            cursor.execute(f'SELECT 1 FROM "{name}" LIMIT 1')


def test_a_tenant_writes_its_own_tables_and_counts_its_own_sequences(in_acme) -> None:
    locked = {name for name, _ in roles.protected()}
    with connection.cursor() as cursor:
        for name, kind, column in relations(in_acme.schema_name):
            if kind == "S":
                cursor.execute(f"""SELECT nextval('"{name}"')""")
            elif name not in locked:
                cursor.execute(
                    f'UPDATE "{name}" SET "{column}" = "{column}" WHERE false'
                )
                cursor.execute(f'DELETE FROM "{name}" WHERE false')


def test_no_function_of_ours_can_be_called_by_a_tenant(as_acme) -> None:
    with use_control(), connection.cursor() as cursor:
        found = cursor.execute(
            "SELECT p.oid, p.proname FROM pg_proc p JOIN pg_roles r"
            " ON r.oid = p.proowner WHERE NOT r.rolsuper"
        ).fetchall()
    assert found
    for oid, name in found:
        allowed = as_acme.execute(
            "SELECT has_function_privilege(%s::oid, 'EXECUTE')", [oid]
        )
        assert not allowed.fetchone()[0], name


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE loot (id int)",
        "CREATE TABLE public.loot (id int)",
        "CREATE TABLE ext.loot (id int)",
        "CREATE TABLE {own}.loot (id int)",
        "ALTER TABLE {own}.accounts_user ADD COLUMN loot int",
        "ALTER TABLE {own}.workflow_auditevent DISABLE TRIGGER ALL",
        "DROP TABLE {own}.accounts_user",
        "DROP SCHEMA {other} CASCADE",
        "CREATE SCHEMA loot",
        "CREATE TEMPORARY TABLE loot (id int)",
        "CREATE ROLE loot",
        "CREATE EXTENSION dblink",
        "COPY {own}.accounts_user TO PROGRAM 'cat'",
        "COPY {own}.accounts_user TO '/tmp/loot'",
        "ALTER SCHEMA {own} RENAME TO loot",
        "COMMENT ON SCHEMA {own} IS 'another'",
        "GRANT USAGE ON SCHEMA {other} TO CURRENT_USER",
        "GRANT {other_role} TO CURRENT_USER",
        "ALTER ROLE {other_role} LOGIN",
        "SELECT pg_read_file('/etc/hosts')",
        "SELECT lo_import('/etc/hosts')",
        "SET SESSION AUTHORIZATION {other_role}",
        "CREATE FUNCTION {own}.loot() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM pg_catalog.pg_class",
    ],
)
def test_a_tenant_changes_nothing_but_rows(as_acme, acme, globex, statement) -> None:
    as_acme.execute(
        sql.SQL("SET search_path TO {}").format(sql.Identifier(acme.schema_name))
    )
    filled = sql.SQL(statement).format(
        own=sql.Identifier(acme.schema_name),
        other=sql.Identifier(globex.schema_name),
        other_role=sql.Identifier(globex.db_role),
    )
    with pytest.raises((InsufficientPrivilege, psycopg.errors.InvalidGrantOperation)):
        as_acme.execute(filled)


@pytest.mark.parametrize(
    "verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"]
)
@pytest.mark.parametrize("table", roles.append_only_tables())
def test_a_book_is_only_written_forward(in_acme, table, verb) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission"):
        cursor.execute(verb.format(table))


def test_there_are_books_to_protect() -> None:
    assert list(roles.append_only_tables()) == [
        "accounts_securityevent",
        "workflow_auditevent",
    ]


def test_a_tenant_does_not_write_which_migrations_ran(in_acme) -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
        with pytest.raises(Exception, match="permission"):
            cursor.execute("DELETE FROM django_migrations")


def test_the_role_of_a_tenant_can_nothing_by_itself(acme, globex) -> None:
    wanted = (False, False, False, False, False, False, False)
    with use_control(), connection.cursor() as cursor:
        for tenant in (acme, globex):
            cursor.execute(
                "SELECT rolcanlogin, rolsuper, rolinherit, rolcreaterole, rolcreatedb,"
                " rolbypassrls, rolreplication FROM pg_roles WHERE rolname = %s",
                [tenant.db_role],
            )
            assert cursor.fetchone() == wanted
            cursor.execute(
                "SELECT inherit_option, set_option FROM pg_auth_members"
                " WHERE roleid = %s::regrole AND member = session_user::regrole"
                " AND set_option",
                [tenant.db_role],
            )
            assert cursor.fetchall() == [(False, True)]


def test_a_table_of_a_later_migration_is_the_tenants_without_a_grant_step(
    acme,
) -> None:
    with use(as_owner(acme)), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY)")
    with use(acme), connection.cursor() as cursor:
        cursor.execute("INSERT INTO later DEFAULT VALUES")
        assert cursor.execute("SELECT id FROM later").fetchall() == [(1,)]
        cursor.execute("DELETE FROM later")


def test_mod_1_no_key_view_or_trigger_of_a_tenant_leads_out_of_its_schema(acme) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid"
            " WHERE c.contype = 'f' AND t.relnamespace <> c.connamespace"
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT count(*) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = %s::regnamespace",
            [acme.schema_name],
        )
        assert cursor.fetchone()[0] > 10  # there are keys to look at
        cursor.execute(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT tgisinternal AND c.relnamespace = %s::regnamespace",
            [acme.schema_name],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef"
            " AND pronamespace IN (%s::regnamespace, 'public'::regnamespace)",
            [acme.schema_name],
        )
        assert cursor.fetchall() == []


def test_the_login_becomes_another_tenant_only_because_it_is_a_member(
    as_acme, globex
) -> None:
    """PostgreSQL asks the login and not the present role: a known limit (DB-13)."""
    as_acme.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(globex.db_role)))
    assert as_acme.execute("SELECT current_user").fetchone() == (globex.db_role,)


THEIRS = """
CREATE ROLE r_somebodyelse1;
GRANT r_somebodyelse1 TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO r_somebodyelse1;
SET ROLE r_somebodyelse1;
CREATE FUNCTION public.theirs() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION public.theirs() FROM PUBLIC;
RESET ROLE;
"""


def test_functions_of_others_in_public_stop_no_migration(acme) -> None:
    """An extension's, made by the superuser, are not the login's to close."""
    everybodys = "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC"
    with use_control():
        connection.cursor().execute(THEIRS)
        with (
            pytest.raises(ProgrammingError, match="denied for function theirs"),
            transaction.atomic(),
        ):
            connection.cursor().execute(everybodys)
        roles.harden()


@pytest.mark.django_db(transaction=True)
def test_a_migration_does_not_open_a_suspended_tenant(acme) -> None:
    with use_control():
        row = Tenant.objects.get(slug="acme")
    change_state(row, State.SUSPENDED, reason="Unpaid.", by="operator")
    fleet.migrate_tenant(acme)
    with use(acme), pytest.raises(TenantUnavailable), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    change_state(row, State.ACTIVE, reason="Paid.", by="operator")
    fleet.migrate_tenant(acme)
    with use(acme), connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM accounts_user").fetchone()[0]


def test_a_migration_that_fails_leaves_the_books_closed(acme) -> None:
    class Broken(Exception):
        pass

    def during() -> None:
        with fleet.owned(acme):
            raise Broken

    with pytest.raises(Broken):
        during()
    for table, rights in roles.protected():
        with use_control(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, %s, %s)",
                [acme.db_role, f"{acme.schema_name}.{table}", rights],
            )
            assert cursor.fetchone() == (False,), table

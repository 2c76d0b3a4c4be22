"""Who a tenant is to the database: a role that may use one schema and nothing else.

The login of the platform owns schemas and tables, and becomes a tenant's role for as
long as it works for the tenant. What a role may do stands here, once.
All functions need the control context and may be repeated.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from kernel.append_only import AppendOnly
from tenants.context import TenantInfo
from tenants.db.base import EXTENSIONS, tag_of
from tenants.db.router import labels
from tenants.life.conduct import TABLE, Data

#: What a role may do in its own schema; default privileges give it for new tables.
ON_TABLES: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
ON_SEQUENCES: Final = ("USAGE", "SELECT")
RIGHTS: Final = (
    f"{', '.join(ON_TABLES)} ON {{of}} TABLES {{where}} TO {{role}}",
    f"{', '.join(ON_SEQUENCES)} ON {{of}} SEQUENCES {{where}} TO {{role}}",
)
#: What a role has left on its tables while it may only read.
READING: Final = "SELECT"
#: Which migrations ran is the owner's to write.
MIGRATIONS: Final = "django_migrations"
# What PostgreSQL gives to everybody, and no tenant needs.
# ALTER DEFAULT PRIVILEGES without a schema: with one it could not take rights away.
HARDEN: Final = (
    "CREATE SCHEMA IF NOT EXISTS {extensions}",
    "GRANT USAGE ON SCHEMA {extensions} TO PUBLIC",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
)
PRESENT: Final = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relname = ANY(%s) AND relnamespace = to_regnamespace(%s)
"""
#: Functions of others, such as an extension's, are not ours to close; no tenant may use
#: the schema that they are in.
OWN_FUNCTIONS: Final = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND p.proowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
"""


def harden() -> None:
    """Take from everybody what no tenant may have in this database.

    Part of every `migrate`, since a restored or copied database forgets some of it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        database = quoted(cursor.fetchone()[0])
        for statement in HARDEN:
            cursor.execute(statement.format(extensions=EXTENSIONS, database=database))
        for (function,) in cursor.execute(OWN_FUNCTIONS).fetchall():
            cursor.execute(f"REVOKE EXECUTE ON ROUTINE {function} FROM PUBLIC")


def ensure(tenant: TenantInfo) -> None:
    """Make the tenant's schema and role where they are missing, and set all rights.

    Whether the role may use the schema is the state's: `open_schema`, `close_schema`.
    """
    role = quoted(tenant.db_role)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [tenant.db_role])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN NOINHERIT")
        cursor.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
        is_new = not has_schema(tenant)
        make_schema(tenant)
        grant(tenant, is_empty=is_new)


@transaction.atomic
def grant(tenant: TenantInfo, *, is_empty: bool = False) -> None:
    """Set the role's rights on all tables, and those to come, as the state says."""
    schema, role = quoted(tenant.schema_name), quoted(tenant.db_role)
    with connection.cursor() as cursor:
        for statement in grants(schema, role, is_empty=is_empty):
            cursor.execute(statement)
        if may_only_read(tenant):
            for statement in restrictions(schema, role, present(tenant, access())):
                cursor.execute(statement)
    protect(tenant)


def may_only_read(tenant: TenantInfo) -> bool:
    """Tell whether the tenant's state leaves its role the access tables to write."""
    return TABLE[tenant.state].data is Data.READS


def make_schema(tenant: TenantInfo) -> None:
    """Make the tenant's schema, with the tag that tells it from all others."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(tenant.schema_name)}")
    mark_schema(tenant)


def mark_schema(tenant: TenantInfo) -> None:
    """Write on the schema whose it is; each statement's context is compared with it."""
    schema, tag = quoted(tenant.schema_name), tag_of(tenant.uuid)
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON SCHEMA {schema} IS '{tag}'")


def has_schema(tenant: TenantInfo) -> bool:
    """Tell whether the tenant's schema is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [tenant.schema_name])
        return bool(cursor.fetchone()[0])


def grants(schema: str, role: str, *, is_empty: bool = False) -> Iterator[str]:
    """Yield what gives a role its rights, on the tables there are and those to come.

    For an empty schema only these: `ALL` reads the whole catalog, for each tenant more.
    """
    for right in RIGHTS:
        if not is_empty:
            there = right.format(of="ALL", where=f"IN SCHEMA {schema}", role=role)
            yield f"GRANT {there}"
        to_come = right.format(of="", where="", role=role)
        yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {to_come}"


def restrictions(schema: str, role: str, tables: Iterable[str]) -> Iterator[str]:
    """Yield what leaves a role nothing to write but the access tables."""
    rights = ", ".join(right for right in ON_TABLES if right != READING)
    yield f"REVOKE {rights} ON ALL TABLES IN SCHEMA {schema} FROM {role}"
    yield (
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}"
        f" REVOKE {rights} ON TABLES FROM {role}"
    )
    for table in sorted(set(tables) & set(access())):
        granted = ", ".join(sorted(access()[table]))
        yield f"GRANT {granted} ON {schema}.{quoted(table)} TO {role}"


@cache
def access() -> dict[str, frozenset[str]]:
    """Return the tables that TENANT_ACCESS_TABLES names, with what stays allowed.

    They hold who comes in and what is told of it: without them nobody could sign in.
    """
    return {
        apps.get_model(label)._meta.db_table: frozenset(rights.split(", "))  # noqa: SLF001 - Django's public way to a model's table
        for label, rights in settings.TENANT_ACCESS_TABLES.items()
    }


def protect(tenant: TenantInfo) -> None:
    """Take from the role what would change a book that is only written forward."""
    with connection.cursor() as cursor:
        there = present(tenant, [table for table, _rights in protected()])
        for table, rights in protected():
            if table in there:
                cursor.execute(
                    f"REVOKE {rights} ON {quoted(tenant.schema_name)}.{quoted(table)}"
                    f" FROM {quoted(tenant.db_role)}"
                )


@cache
def protected() -> tuple[tuple[str, str], ...]:
    """Return tables of a tenant's schema with the rights that its role lacks."""
    return (
        (MIGRATIONS, "INSERT, UPDATE, DELETE"),
        *((table, "UPDATE, DELETE") for table in append_only_tables()),
    )


def append_only_tables() -> Iterable[str]:
    return sorted(
        model._meta.db_table  # noqa: SLF001 - Django's public way to a model's table
        for model in apps.get_models()
        if issubclass(model, AppendOnly) and model._meta.app_label in labels("tenant")  # noqa: SLF001 - as above
    )


def present(tenant: TenantInfo, tables: Iterable[str]) -> set[str]:
    """Return those of some tables that are in the tenant's schema.

    Asked by name, since the catalog has no index by which it would list a schema: it
    would read the tables of all tenants.
    """
    with connection.cursor() as cursor:
        cursor.execute(PRESENT, [list(tables), tenant.schema_name])
        return {row[0] for row in cursor.fetchall()}


def remove(tenant: TenantInfo) -> None:
    """Drop the tenant's schema with all that is in it, and its role."""
    drop_schema(tenant)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {quoted(tenant.db_role)}")


def drop_schema(tenant: TenantInfo) -> None:
    """Drop the tenant's schema with all that is in it."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(tenant.schema_name)} CASCADE")


def open_schema(tenant: TenantInfo) -> None:
    """Let the role into its schema again."""
    change_usage(tenant, "GRANT USAGE ON SCHEMA {schema} TO {role}")


def close_schema(tenant: TenantInfo) -> None:
    """Keep the role out of its schema, also where code forgets to ask for the state."""
    change_usage(tenant, "REVOKE USAGE ON SCHEMA {schema} FROM {role}")


def change_usage(tenant: TenantInfo, statement: str) -> None:
    """Run a statement on schema and role, if they are there already."""
    schema, role = quoted(tenant.schema_name), quoted(tenant.db_role)
    if is_there(tenant):
        with connection.cursor() as cursor:
            cursor.execute(statement.format(schema=schema, role=role))


def is_there(tenant: TenantInfo) -> bool:
    """Tell whether the tenant has a schema and a role."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regnamespace(%s) IS NOT NULL AND to_regrole(%s) IS NOT NULL",
            [tenant.schema_name, tenant.db_role],
        )
        return bool(cursor.fetchone()[0])


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)

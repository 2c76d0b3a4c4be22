"""Which migrations ran in each schema: asked of all at once, before any is entered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Final

from django.db import connection
from psycopg import sql

from tenants.context import TenantInfo, use_control
from tenants.fleet import rights, scripts
from tenants.fleet.rights import OnRelation

#: Label and name of a migration.
Key = tuple[str, str]
#: The word of a schema without migrations, or that is not there.
NOTHING: Final = ""

WITH_MIGRATIONS: Final = """
SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE c.relname = 'django_migrations' AND n.nspname = ANY(%s)
"""
APPLIED: Final = sql.SQL(
    "SELECT {}, md5(string_agg(app || '.' || name, ' '"
    ' ORDER BY app COLLATE "C", name COLLATE "C")) FROM {}'
)
#: What the rows of a schema's own table come to, as `APPLIED` says it.
GUARD: Final = (
    "SELECT 1 / (md5(string_agg(app || '.' || name, ' '"
    ' ORDER BY app COLLATE "C", name COLLATE "C")) = {})::int FROM django_migrations'
)
ROWS: Final = sql.SQL("SELECT app, name FROM {} ORDER BY id")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant's schema stands: the word of its migrations, and its rights."""

    tenant: TenantInfo
    word: str
    has_rights: bool


def standings(
    tenants: Sequence[TenantInfo], relations: Sequence[OnRelation]
) -> list[Standing]:
    """Return where each schema stands: some statements for two hundred of them.

    `relations` are those of the template: what a role at the target may do.
    """
    found: list[Standing] = []
    with use_control():
        for part in scripts.parts(tenants):
            found += _together(part, relations)
    return found


def _together(
    tenants: Sequence[TenantInfo], relations: Sequence[OnRelation]
) -> Iterable[Standing]:
    names = [tenant.schema_name for tenant in tenants]
    applied, right = words(names), rights.right(tenants, relations)
    for tenant in tenants:
        word = applied.get(tenant.schema_name, NOTHING)
        yield Standing(tenant, word, tenant.uuid in right)


def words(schemas: Sequence[str]) -> Mapping[str, str]:
    """Return a word for the migrations of each schema that has any.

    The same for the same migrations; needs the control context.
    """
    with connection.cursor() as cursor:
        there = cursor.execute(WITH_MIGRATIONS, [list(schemas)]).fetchall()
        if not there:
            return {}
        each = [
            APPLIED.format(name, sql.Identifier(name, "django_migrations"))
            for (name,) in there
        ]
        rows = cursor.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()
        return {name: word or NOTHING for name, word in rows}


def word_of(migrations: Iterable[Sequence[str]]) -> str:
    """Return the word of a schema in which these ran."""
    names = sorted((app, name) for app, name in migrations)
    text = " ".join(f"{app}.{name}" for app, name in names)
    return md5(text.encode(), usedforsecurity=False).hexdigest() if names else NOTHING


def applied(tenant: TenantInfo) -> list[Key]:
    """Return the migrations that ran in a schema; needs the control context."""
    with connection.cursor() as cursor:
        there = cursor.execute(WITH_MIGRATIONS, [[tenant.schema_name]]).fetchall()
        if not there:
            return []
        table = sql.Identifier(tenant.schema_name, "django_migrations")
        return [(app, name) for app, name in cursor.execute(ROWS.format(table))]


def guard(word: str) -> str:
    """Return a statement that fails (22012) in a schema with other migrations."""
    return GUARD.format(sql.Literal(word).as_string())

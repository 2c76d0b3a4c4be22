"""The rows that every tenant's schema begins with, as statements."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import connection
from psycopg import sql

from tenants.errors import TemplateRefused
from tenants.fleet import scripts

#: The tables that have rows from the start; their keys are equal in all schemas.
SEEDED: Final = ("django_migrations", "django_content_type", "auth_permission")

FILLED: Final = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
ALL: Final = sql.SQL("SELECT * FROM {} ORDER BY id")
INSERT: Final = sql.SQL("INSERT INTO {} ({}) VALUES {}")
COUNT_ON: Final = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), {})")


def written(
    script: scripts.Script, last: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Yield statements that make the first rows of the entered schema again.

    `last` are the highest keys ever given, where those are not in use any more.
    Raises TemplateRefused where another table has rows: a template is of nobody.
    """
    names = [line.name for line in script if line.place == scripts.TABLE]
    with connection.cursor() as cursor:
        for name in filled(names, cursor):
            if name not in SEEDED:
                raise TemplateRefused(f"A migration left rows in {name}.")
        for name in SEEDED:
            yield from rows_of(name, cursor, (last or {}).get(name, 0))


def filled(tables: list[str], cursor: Any) -> list[str]:
    """Return the tables that have rows."""
    each = [FILLED.format(name, sql.Identifier(name)) for name in tables]
    found = cursor.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()
    return [name for (name,) in found]


def rows_of(table: str, cursor: Any, least: int = 0) -> Iterator[str]:
    """Yield what fills a table, and what has its keys go on from there."""
    cursor.execute(ALL.format(sql.Identifier(table)))
    columns = [column.name for column in cursor.description]
    rows = cursor.fetchall()
    values = [
        sql.SQL("({})").format(sql.SQL(", ").join(map(value_of, columns, row)))
        for row in rows
    ]
    yield INSERT.format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(values),
    ).as_string()
    last = max(least, *(row[columns.index("id")] for row in rows))
    yield COUNT_ON.format(table, last).as_string()


def value_of(column: str, value: Any) -> sql.Composable:
    """Return a value as it is written; a migration ran when its schema was made."""
    return sql.SQL("CURRENT_TIMESTAMP") if column == "applied" else sql.Literal(value)

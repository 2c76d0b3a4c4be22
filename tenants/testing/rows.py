"""All rows of some schemas, seen from outside: their keys, their changes, their words.

Works on the control plane as the owner of every table, past all models and filters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from psycopg import sql

from tenants.context import use_control

TABLES: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
COLUMNS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY c.relname, a.attnum
"""
KEYS: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY array_position(i.indkey, a.attnum))
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
WHERE c.relnamespace = %s::regnamespace AND i.indisprimary
GROUP BY c.relname ORDER BY c.relname
"""
SEQUENCES: Final = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s ORDER BY 1
"""
OWNERS: Final = """
SELECT s.relname, t.relname FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid JOIN pg_class t ON t.oid = d.refobjid
WHERE s.relkind = 'S' AND s.relnamespace = %s::regnamespace AND d.refobjsubid > 0
ORDER BY 1
"""

Digest = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is written, with its type as PostgreSQL names it."""

    name: str
    kind: str


def run(statement: str | sql.Composable, values: Sequence[Any] = ()) -> None:
    """Run a statement as the owner of all tables."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def ask(
    statement: str | sql.Composable, values: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Return what a statement answers to the owner of all tables."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def tables(schema: str) -> list[str]:
    return [name for (name,) in ask(TABLES, [schema])]


def columns(schema: str) -> dict[str, list[Column]]:
    """Return the columns of each table, without those that PostgreSQL computes."""
    found: dict[str, list[Column]] = {}
    for table, name, kind in ask(COLUMNS, [schema]):
        found.setdefault(table, []).append(Column(name, kind))
    return found


def digest(*schemas: str) -> Digest:
    """Return a number for each table that changes with every row, in one statement."""
    one = sql.SQL(
        "SELECT {name}, count(*) || ':' ||"
        " coalesce(sum(hashtextextended(whole_row::text, 0)), 0)"
        " FROM {table} AS whole_row"
    )
    parts = [
        one.format(
            name=sql.Literal(f"{schema}.{table}"),
            table=sql.Identifier(schema, table),
        )
        for schema in schemas
        for table in tables(schema)
    ]
    return dict(ask(sql.SQL(" UNION ALL ").join(parts)))


def changed(before: Digest, after: Digest) -> list[str]:
    """Return the tables that are not as they were."""
    names = sorted({*before, *after})
    return [name for name in names if before.get(name) != after.get(name)]


def holding(schema: str, words: Iterable[str]) -> list[str]:
    """Return the tables with a row that holds one of the words."""
    one = sql.SQL(
        "SELECT {name} WHERE EXISTS (SELECT FROM {table} AS whole_row"
        " WHERE whole_row::text ~ {words})"
    )
    wanted = sql.Literal("|".join(words))
    parts = [
        one.format(
            name=sql.Literal(table), table=sql.Identifier(schema, table), words=wanted
        )
        for table in tables(schema)
    ]
    return sorted(name for (name,) in ask(sql.SQL(" UNION ALL ").join(parts)))


def primary_keys(schema: str) -> dict[str, list[str]]:
    """Return the primary keys of all rows, table by table."""
    one = sql.SQL(
        "SELECT {name}, coalesce(array_agg(k ORDER BY k), '{{}}')"
        " FROM (SELECT ({key})::text FROM {table}) AS keys (k)"
    )
    parts = [
        one.format(
            name=sql.Literal(table),
            table=sql.Identifier(schema, table),
            key=sql.SQL(", ").join(map(sql.Identifier, names)),
        )
        for table, names in ask(KEYS, [schema])
    ]
    return dict(ask(sql.SQL(" UNION ALL ").join(parts)))


def sequence_owners(schema: str) -> dict[str, str]:
    """Return the table that each sequence numbers."""
    return dict(ask(OWNERS, [schema]))


def sequences(schema: str) -> dict[str, int | None]:
    """Return the last number of each sequence; None where none was given out."""
    return dict(ask(SEQUENCES, [schema]))

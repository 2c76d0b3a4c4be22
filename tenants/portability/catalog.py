"""Which tables and sequences the entered schema has: one statement for each kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

from django.db import connection
from psycopg import sql

HERE: Final = Path(__file__).with_name("sql")
LAST: Final = sql.SQL("SELECT {}, last_value, is_called FROM {}")
COUNTED: Final = sql.SQL("SELECT {}, count(*) FROM {}")
NAMED: Final = sql.SQL("SELECT {column}::text FROM {table} WHERE {column}::text <> ''")
UNION: Final = sql.SQL(" UNION ALL ")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns in order, and what its rows are ordered by."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    #: Tables whose rows must be there first, as PostgreSQL does not wait for them.
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Where a sequence stands."""

    last: int
    is_called: bool


@cache
def text(name: str) -> str:
    return HERE.joinpath(f"{name}.sql").read_text("utf-8")


def tables() -> list[Table]:
    """Return the tables by name."""
    with connection.cursor() as cursor:
        cursor.execute(text("tables"))
        return [
            Table(name, *(tuple(part or ()) for part in parts))
            for name, *parts in cursor.fetchall()
        ]


def sequences() -> dict[str, Count]:
    """Return where each sequence stands, in two statements."""
    with connection.cursor() as cursor:
        names = [name for (name,) in cursor.execute(text("sequences")).fetchall()]
        if not names:
            return {}
        each = [LAST.format(name, sql.Identifier(name)) for name in names]
        found = cursor.execute(UNION.join(each)).fetchall()
    return {name: Count(last, is_called) for name, last, is_called in found}


def counted(names: Iterable[str]) -> dict[str, int]:
    """Return how many rows each of these tables has, in one statement."""
    each = [COUNTED.format(name, sql.Identifier(name)) for name in names]
    if not each:
        return {}
    with connection.cursor() as cursor:
        return dict(cursor.execute(UNION.join(each)).fetchall())


def named(columns: Iterable[tuple[str, str]]) -> list[str]:
    """Return the values of these columns, of a table each, in one statement."""
    each = [
        NAMED.format(column=sql.Identifier(column), table=sql.Identifier(table))
        for table, column in columns
    ]
    if not each:
        return []
    with connection.cursor() as cursor:
        found = cursor.execute(UNION.join(each)).fetchall()
    return sorted({name for (name,) in found})


def migrations() -> list[tuple[str, str]]:
    """Return the migrations that ran in the entered schema, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT app, name FROM django_migrations ORDER BY app COLLATE "C",'
            ' name COLLATE "C"'
        )
        return [(app, name) for app, name in cursor.fetchall()]


def in_order(found: Sequence[Table]) -> list[Table]:
    """Return the tables so that each can be filled when its turn comes."""
    by_name = {table.name: table for table in found}
    sorter = TopologicalSorter({table.name: table.after for table in found})
    return [by_name[name] for name in sorter.static_order() if name in by_name]

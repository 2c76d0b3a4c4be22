"""A database put back as it was: only what has changed, and only where that is rows.

PostgreSQL writes the number of the transaction into each row, the catalog's too, so
that a count and the highest number tell whether anything in a table is new or gone.
A copy of the whole database takes ten times as long, since it is of 1,300 files.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import psycopg
from psycopg import sql

#: What describes everything that is not a row of ours.
CATALOG = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
  AND NOT c.relisshared AND c.relname <> 'pg_largeobject'
  AND c.relname !~ '^pg_statistic' AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1
"""
OF_THE_SERVER = """
SELECT d.datacl::text, d.datallowconn, d.datconnlimit,
       (SELECT array_agg(s.setconfig::text ORDER BY 1)
        FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
FROM pg_database d WHERE d.datname = current_database()
"""
TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY 1, 2 ORDER BY 1, 2
"""
SEQUENCES = """
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' ORDER BY 1, 2
"""
OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

Name = tuple[str, str]


class OtherShape(Exception):
    """More than rows has changed."""


@dataclass
class Memory:
    """What a database held at one moment, and how to tell what has changed since."""

    shape: Any
    columns: dict[Name, list[str]]
    marks: dict[Name, Any]
    sequences: dict[Name, Any]
    rows: dict[Name, bytes] = field(repr=False)

    @classmethod
    def of(cls, there: psycopg.Connection) -> Self:
        columns = {(n, t): names for n, t, names in there.execute(TABLES).fetchall()}
        return cls(
            shape_of(there),
            columns,
            marks_of(there, columns),
            sequences_of(there),
            {name: copied(there, name, columns[name]) for name in columns},
        )

    def put_back(self, there: psycopg.Connection) -> None:
        """Put rows and sequences back, all or none. Raises OtherShape."""
        there.execute(OTHERS)
        with there.transaction():
            there.execute("SET LOCAL lock_timeout = '2s'")
            # The word to the trigger that keeps the operators' security events.
            there.execute("SET LOCAL accounts.retention = 'on'")
            if shape_of(there) != self.shape:
                raise OtherShape
            changed = self._rows(there)
            self._numbers(there)
            self.marks |= marks_of(there, changed)

    def begin_anew(self, there: psycopg.Connection) -> None:
        """Take what is there now for what was remembered; somebody put it there."""
        self.shape = shape_of(there)
        self.marks = marks_of(there, self.columns)

    def _rows(self, there: psycopg.Connection) -> list[Name]:
        now = marks_of(there, self.columns)
        changed = [name for name in self.columns if now[name] != self.marks[name]]
        for name in changed:
            there.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*name)))
        for name in changed:
            into = told(
                name, self.columns[name], "COPY {} ({}) FROM STDIN (FORMAT binary)"
            )
            with there.cursor().copy(into) as copy:
                copy.write(self.rows[name])
        return changed

    def _numbers(self, there: psycopg.Connection) -> None:
        for name, (last, is_called) in sequences_of(there).items():
            wanted = self.sequences[name]
            if (last, is_called) != wanted:
                sequence = sql.Identifier(*name).as_string(there)
                there.execute("SELECT setval(%s, %s, %s)", [sequence, *wanted])


def shape_of(there: psycopg.Connection) -> Any:
    names = [("pg_catalog", name) for (name,) in there.execute(CATALOG).fetchall()]
    return marks_of(there, names), there.execute(OF_THE_SERVER).fetchone()


def marks_of(there: psycopg.Connection, names: Any) -> dict[Name, Any]:
    """Return the count of each table's rows and the last transaction among them."""
    one = "SELECT {}, {}, count(*), max(xmin::text::bigint) FROM {}"
    return asked(there, names, one)


def sequences_of(there: psycopg.Connection) -> dict[Name, Any]:
    names = there.execute(SEQUENCES).fetchall()
    return asked(there, names, "SELECT {}, {}, last_value, is_called FROM {}")


def asked(there: psycopg.Connection, names: Any, one: str) -> dict[Name, Any]:
    """Ask the same of many relations in one statement."""
    if not names:
        return {}
    parts = [
        sql.SQL(one).format(*map(sql.Literal, name), sql.Identifier(*name))
        for name in names
    ]
    rows = there.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return {(schema, name): tuple(rest) for schema, name, *rest in rows}


def copied(there: psycopg.Connection, name: Name, columns: list[str]) -> bytes:
    out = told(name, columns, "COPY {} ({}) TO STDOUT (FORMAT binary)")
    with there.cursor().copy(out) as copy:
        return b"".join(copy)


def told(name: Name, columns: list[str], statement: str) -> sql.Composed:
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(statement).format(sql.Identifier(*name), listed)

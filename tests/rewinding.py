"""A database put back as it was: only what has changed, and only where that is rows.

PostgreSQL writes the number of the transaction into each row, the catalog's too, so
that a count and the highest number tell whether anything in a table is new or gone.
A copy of the whole database takes ten times as long, since it is of 1,300 files.
The schemas of a few new tenants are dropped first, and those that are closed opened:
the catalog is as before then too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import psycopg
from psycopg import sql

#: What describes everything that is not a row of ours.
CATALOG = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
  AND NOT c.relisshared AND c.relname NOT IN ('pg_largeobject', 'pg_namespace')
  AND c.relname !~ '^pg_statistic' AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1
"""
OF_THE_SERVER = """
SELECT d.datacl::text, d.datallowconn, d.datconnlimit,
       (SELECT array_agg(s.setconfig::text ORDER BY 1)
        FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
FROM pg_database d WHERE d.datname = current_database()
"""
NAMESPACES = """
SELECT n.nspname, n.nspowner,
       (SELECT array_agg(a::text ORDER BY 1) FROM unnest(n.nspacl) a)
FROM pg_namespace n ORDER BY 1
"""
#: Which tenant's role may use which schema: one that is stopped may not use its own.
OPEN = """
SELECT n.nspname, r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a
JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname ~ '^t_[a-z2-7]{12}$' AND r.rolname ~ '^r_[a-z2-7]{12}$'
  AND a.privilege_type = 'USAGE'
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
#: Tables that are written forward only; a trigger sees to it.
GUARDED = """
SELECT n.nspname, c.relname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
"""
SEQUENCES = """
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' ORDER BY 1, 2
"""
#: Schemas of this database, and tenants' roles that have rights in it.
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^[tw]_[a-z2-7]{12}$'"
ROLES = """
SELECT DISTINCT r.rolname FROM pg_shdepend d
JOIN pg_database b ON b.oid = d.dbid JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND b.datname = current_database()
  AND r.rolname ~ '^r_[a-z2-7]{12}$'
"""
#: More new schemas than these take longer to drop than the database to copy.
FEW = 3
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
    #: The tenants' schemas, and their roles.
    names: set[str]
    guarded: set[Name]
    open: set[Name]
    columns: dict[Name, list[str]]
    marks: dict[Name, Any]
    sequences: dict[Name, Any]
    rows: dict[Name, bytes] = field(repr=False)

    @classmethod
    def of(cls, there: psycopg.Connection) -> Self:
        columns = {(n, t): names for n, t, names in there.execute(TABLES).fetchall()}
        return cls(
            shape_of(there),
            {name for found in (SCHEMAS, ROLES) for name in names_of(there, found)},
            set(there.execute(GUARDED).fetchall()),
            set(there.execute(OPEN).fetchall()),
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
            self._drop_new(there)
            self._open(there)
            if shape_of(there) != self.shape:
                raise OtherShape
            changed = self._rows(there)
            self._numbers(there)
            self.marks |= marks_of(there, changed)

    def _drop_new(self, there: psycopg.Connection) -> None:
        """Drop a few schemas that were not there, and their roles."""
        schemas = names_of(there, SCHEMAS) - self.names
        if len(schemas) > FEW:
            raise OtherShape
        roles = names_of(there, ROLES) - self.names
        for kind, names in (("SCHEMA {} CASCADE", schemas), ("ROLE {}", roles)):
            for name in names:
                there.execute(sql.SQL(f"DROP {kind}").format(sql.Identifier(name)))

    def _open(self, there: psycopg.Connection) -> None:
        """Let roles into the schemas that a test has closed to them."""
        grant = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
        for names in self.open - set(there.execute(OPEN).fetchall()):
            there.execute(grant.format(*map(sql.Identifier, names)))

    def begin_anew(self, there: psycopg.Connection) -> None:
        """Take what is there now for what was remembered; somebody put it there."""
        self.shape = shape_of(there)
        self.marks = marks_of(there, self.columns)

    def _rows(self, there: psycopg.Connection) -> list[Name]:
        now = marks_of(there, self.columns)
        changed = [name for name in self.columns if now[name] != self.marks[name]]
        with self._unguarded(there, changed):
            for name in changed:
                there.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*name)))
            for name in changed:
                into = told(
                    name, self.columns[name], "COPY {} ({}) FROM STDIN (FORMAT binary)"
                )
                with there.cursor().copy(into) as copy:
                    copy.write(self.rows[name])
        return changed

    @contextmanager
    def _unguarded(
        self, there: psycopg.Connection, changed: list[Name]
    ) -> Iterator[None]:
        """Have no trigger keep rows; the catalog tells of it, so it is read anew."""
        books = [sql.Identifier(*name) for name in changed if name in self.guarded]
        for book in books:
            there.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(book))
        yield
        if books:
            there.execute("SET CONSTRAINTS ALL IMMEDIATE")  # none may wait till then
            for book in books:
                there.execute(
                    sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(book)
                )
            self.shape = shape_of(there)

    def _numbers(self, there: psycopg.Connection) -> None:
        for name, (last, is_called) in sequences_of(there).items():
            wanted = self.sequences[name]
            if (last, is_called) != wanted:
                sequence = sql.Identifier(*name).as_string(there)
                there.execute("SELECT setval(%s, %s, %s)", [sequence, *wanted])


def names_of(there: psycopg.Connection, asked_for: str) -> set[str]:
    return {name for (name,) in there.execute(asked_for).fetchall()}


def shape_of(there: psycopg.Connection) -> Any:
    names = [("pg_catalog", name) for (name,) in there.execute(CATALOG).fetchall()]
    return (
        marks_of(there, names),
        there.execute(NAMESPACES).fetchall(),
        there.execute(OF_THE_SERVER).fetchone(),
    )


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

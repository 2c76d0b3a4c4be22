"""More schemas for django-tenants, so that it is measured among as many as ours.

Making one by its migrations takes seconds, so they are copies: the same tables and
rows, as a comparison of the statements that make both schemas says. What it does to a
tenant takes the longer the more schemas are there, and as long for each of them: so
only some are those of tenants.
"""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from tests.bench import databases
from tests.bench.peers import ROOT

#: What reads the statements that make a schema; here without Django around it.
SCRIPT: Final = ROOT.joinpath("tenants/fleet/sql/script.sql").read_text("utf-8")
#: The place of the statement that makes a table, in a script.
TABLE: Final = 1

#: One customer more, and the address under which they are found.
CUSTOMER: Final = """
WITH one AS (
    INSERT INTO customers_client (schema_name, name) VALUES (%(name)s, %(name)s)
    RETURNING id
)
INSERT INTO customers_domain (domain, tenant_id, is_primary)
SELECT %(name)s || '.localhost', id, true FROM one
"""
COUNT_ON: Final = """
SELECT setval(pg_get_serial_sequence({}, 'id'), greatest(1, (SELECT max(id) FROM {})))
"""

Line = tuple[int, str, str]


def fill(database: dict[str, str], *, like: str, schemas: int, tenants: int) -> None:
    """Copy a tenant's schema until there are so many, with so many tenants.

    Raises RuntimeError where a copy is not as the first.
    """
    with databases.connect(database["NAME"]) as connection:
        script = script_of(connection, like)
        row = connection.execute("SELECT count(*) FROM customers_client").fetchone()
        there = int(row[0] if row else 0)
        names = [f"copy-{number}" for number in range(schemas - there)]
        for name in names:
            copy(connection, script, like=like, name=name)
        for name in names[: tenants - there]:
            connection.execute(CUSTOMER, {"name": name})
        if names and script_of(connection, names[-1]) != script:
            raise RuntimeError(f"The schema of {names[-1]} is not as that of {like}.")
    databases.tidy(database["NAME"])


def script_of(connection: psycopg.Connection, schema: str) -> Sequence[Line]:
    found = connection.execute(SCRIPT, {"schemas": [schema], "tables": None})
    return sorted((place, name, text) for _schema, place, name, text in found)


def copy(
    connection: psycopg.Connection, script: Sequence[Line], *, like: str, name: str
) -> None:
    """Make one schema with the tables and rows of another, in one transaction."""
    tables = [table for place, table, _text in script if place == TABLE]
    with connection.transaction(), connection.pipeline():
        connection.execute(sql.SQL("CREATE SCHEMA {0}").format(sql.Identifier(name)))
        connection.execute("SELECT set_config('search_path', %s, true)", [f'"{name}"'])
        keys = [text for place, _name, text in script if place > TABLE]
        for text in (text for place, _name, text in script if place == TABLE):
            connection.execute(text)
        for table in tables:
            rows = sql.SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {}")
            there = sql.Identifier(like, table)
            connection.execute(rows.format(sql.Identifier(table), there))
        for text in keys:
            connection.execute(text)
        for table in ("django_migrations", "django_content_type", "auth_permission"):
            connection.execute(
                sql.SQL(COUNT_ON).format(sql.Literal(table), sql.Identifier(table))
            )

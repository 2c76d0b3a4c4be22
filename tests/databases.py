"""One database a test process, with the twins in it, given back clean to each test.

A test in a transaction is rolled back.
A test that commits gets the database replaced by a copy of the clean one: nothing has
to know which tables, schemas or tenants it made.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from psycopg import sql

from tenants.context import use_control
from tests import twins


@contextmanager
def prepared() -> Iterator[None]:
    """Make the database, the twins and the clean copy; remove all at the end."""
    with use_control():
        made = setup_databases(
            verbosity=0, interactive=False, serialized_aliases=[], aliases=["default"]
        )
    try:
        twins.build()
        copy(working(), clean())
        yield
    finally:
        run("DROP DATABASE IF EXISTS {} WITH (FORCE)", clean())
        connections.close_all()
        with use_control():
            teardown_databases(made, verbosity=0)


def restore() -> None:
    """Replace the working database by the clean copy."""
    connections.close_all()
    run("DROP DATABASE {} WITH (FORCE)", working())
    copy(clean(), working())


def copy(source: str, target: str) -> None:
    connections.close_all()
    run("DROP DATABASE IF EXISTS {} WITH (FORCE)", target)
    run("CREATE DATABASE {} TEMPLATE {}", target, source)


def working() -> str:
    return connection.settings_dict["NAME"]


def clean() -> str:
    return f"{working()}_clean"


def run(statement: str, *names: str) -> None:
    """Run a statement on the server's own database, outside any transaction."""
    settings = connection.settings_dict
    with psycopg.connect(
        dbname="postgres",
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
        autocommit=True,
    ) as server:
        server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

"""One database a test process, with the twins in it, given back clean to each test.

Of the workers of a run one migrates; the others begin with a copy of what it made.
A test in a transaction is rolled back.
After a test that commits, the rows that it changed are put back; where it changed more
than rows, the database is replaced by a copy of the clean one. Nothing has to know
which tables, schemas or tenants it made.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from psycopg import sql

from tenants import fleet, listener
from tenants.context import use_control
from tests import twins
from tests.rewinding import Memory, OtherShape

#: What each working database held when the first test began.
memories: dict[str, Memory] = {}
#: The connections that put rows back.
keepers: dict[str, psycopg.Connection] = {}

ROLES = """
SELECT DISTINCT r.rolname FROM pg_shdepend d
JOIN pg_database b ON b.oid = d.dbid JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND b.datname = %s
  AND r.rolname ~ '^r_[a-z2-7]{12}$'
"""


@contextmanager
def prepared() -> Iterator[None]:
    """Make the database, the twins and the clean copy; remove all at the end."""
    databases = migrated()
    try:
        twins.build()
        copy(working(), clean())
        with server(working()) as there:
            memories[working()] = Memory.of(there)
        yield
    finally:
        dismiss_keeper()
        if "PYTEST_XDIST_TESTRUNUID" in os.environ:
            remove_shared()
        made_roles = roles_of(working()) | roles_of(clean())
        run("DROP DATABASE IF EXISTS {} WITH (FORCE)", clean())
        let_go()
        with use_control():
            teardown_databases(databases, verbosity=0)
        drop_roles(made_roles)


def migrated() -> list[Any]:
    """Make the database with the template of tenants; return what takes it away."""
    run_of_many = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run_of_many is None:
        return made()
    with one_worker_at_a_time():
        if is_of(run_of_many):
            connection.settings_dict["TEST"]["TEMPLATE"] = shared()
            return made()
        mine = made()
        copy(working(), shared())
        mark = sql.SQL("COMMENT ON DATABASE {} IS {}")
        with server("postgres") as bare:
            bare.execute(mark.format(sql.Identifier(shared()), run_of_many))
    return mine


def made() -> list[Any]:
    with use_control():
        mine = setup_databases(
            verbosity=0, interactive=False, serialized_aliases=[], aliases=["default"]
        )
    fleet.compile_template()
    return mine


def remove_shared() -> None:
    """Remove what the workers copy; one that begins later makes it again."""
    with one_worker_at_a_time():
        run("DROP DATABASE IF EXISTS {} WITH (FORCE)", shared())


@contextmanager
def one_worker_at_a_time() -> Iterator[None]:
    with server("postgres") as bare:
        bare.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [shared()])
        yield


def shared() -> str:
    """Return the name of the database that the workers of a run copy."""
    one_of_many = connection.settings_dict["TEST"]["NAME"] or working()
    return f"{one_of_many.rpartition('_')[0]}_migrated"


def is_of(run_of_many: str) -> bool:
    """Tell whether the shared database is there, and of this run."""
    asked = """
        SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s
    """
    with server("postgres") as bare:
        return bare.execute(asked, [shared()]).fetchone() == (run_of_many,)


def restore() -> None:
    """Make the working database what it was before the test."""
    let_go()
    try:
        memories[working()].put_back(keeper())
    except (OtherShape, psycopg.Error):
        replace()


def keeper() -> psycopg.Connection:
    """Return the connection that puts rows back; it may stay open between tests.

    A new one would first have to learn of each table, which takes as long as the rest.
    """
    kept = keepers.get(working())
    try:
        if kept is not None:
            kept.execute("SELECT 1")
            return kept
    except psycopg.Error:  # a test has ended all sessions, or moved the database away
        kept.close()
    keepers[working()] = server(working())
    return keepers[working()]


def dismiss_keeper() -> None:
    if kept := keepers.pop(working(), None):
        kept.close()


def replace() -> None:
    """Replace the working database by the clean copy."""
    dismiss_keeper()
    made_roles = roles_of(working()) - roles_of(clean())
    run("DROP DATABASE {} WITH (FORCE)", working())
    copy(clean(), working())
    with server(working()) as there:
        memories[working()].begin_anew(there)
    drop_roles(made_roles)


def copy(source: str, target: str) -> None:
    let_go()
    run("DROP DATABASE IF EXISTS {} WITH (FORCE)", target)
    # Files are copied in half the time in which their pages would be logged.
    run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", target, source)
    # Rights on a database are not copied with it.
    run("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC", target)


def let_go() -> None:
    """Close what this process has open on a database, before it is taken away."""
    listener.stop()
    connections.close_all()


def roles_of(database: str) -> set[str]:
    """Return the tenants' roles that a database knows; they belong to the server."""
    with server("postgres") as bare:
        return {name for (name,) in bare.execute(ROLES, [database])}


def drop_roles(names: set[str]) -> None:
    for name in names:
        run("DROP ROLE IF EXISTS {}", name)


def working() -> str:
    return connection.settings_dict["NAME"]


def clean() -> str:
    return f"{working()}_clean"


def run(statement: str, *names: str) -> None:
    """Run a statement on the server's own database, outside any transaction."""
    with server("postgres") as bare:
        bare.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def run_there(statement: str) -> None:
    """Run a statement in the working database, as the owner of all its tables."""
    with server(working()) as there:
        there.execute(statement)


def server(database: str) -> psycopg.Connection:
    """Return a connection with nothing of ours around it; each statement commits."""
    settings = connection.settings_dict
    return psycopg.connect(
        dbname=database,
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
        autocommit=True,
    )

"""One database a peer, on one server, for as long as the benchmark runs."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from config.settings.database import database

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def server() -> dict[str, str]:
    """Return where the server is that DATABASE_URL names, as Django's settings."""
    named = database(os.environ["DATABASE_URL"])
    return {key: named[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}


class NotDurable(Exception):
    """The server may lose what it has confirmed, so its commits cost too little."""


def require_durable() -> None:
    """Raise NotDurable unless each commit is on the disk before it is confirmed."""
    with connect("postgres") as control:
        for name in DURABLE:
            row = control.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row != ("on",):
                raise NotDurable(f"The server runs with {name} = {row and row[0]}.")


@contextmanager
def temporary(name: str) -> Iterator[dict[str, str]]:
    """Make an empty database and return its settings; it is dropped after the block."""
    # Another run may be at work on the same server.
    name = f"{name}_{os.getpid()}"
    run("CREATE DATABASE {} TEMPLATE template0", name)
    try:
        yield {**server(), "NAME": name}
    finally:
        run("DROP DATABASE {} WITH (FORCE)", name)


def run(statement: str, name: str) -> None:
    with connect("postgres") as control:
        control.execute(sql.SQL(statement).format(sql.Identifier(name)))


def tidy(name: str) -> None:
    """Give the planner its figures, and every row its final place."""
    with connect(name) as connection:
        connection.execute("VACUUM (ANALYZE, FREEZE)")


def connect(name: str) -> psycopg.Connection:
    at = server()
    return psycopg.connect(
        dbname=name,
        user=at["USER"],
        password=at["PASSWORD"],
        host=at["HOST"],
        port=at["PORT"] or None,
        autocommit=True,
    )


def open_socket() -> socket.socket:
    """Return a bare connection to the server, for what stands before it."""
    at = server()
    port = at["PORT"] or "5432"
    if at["HOST"].startswith("/"):
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(Path(at["HOST"]) / f".s.PGSQL.{port}"))
        return end
    return socket.create_connection((at["HOST"] or "localhost", int(port)))

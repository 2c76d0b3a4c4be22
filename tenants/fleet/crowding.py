"""How many schemas are made or dropped at once, by all processes together.

One takes a lock for each of its tables and indexes, and the server has one table of
locks for all: whoever comes late waits here, and finds no full table.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.db import connection, connections

from tenants import advisory
from tenants.context import use_control
from tenants.db.base import DatabaseWrapper

#: What a schema takes: its tables, their indexes and sequences.
LOCKS: Final = 600
PURPOSE: Final = advisory.half(b"schemas")
ROOM: Final = """
SELECT current_setting('max_locks_per_transaction')::int
     * (current_setting('max_connections')::int
        + current_setting('max_prepared_transactions')::int)
"""


@contextmanager
def place() -> Iterator[None]:
    """Wait for one of the TENANT_SCHEMAS_AT_ONCE places, and hold it in the block."""
    taken = _take()
    try:
        yield
    finally:
        advisory.give_back(taken)


def _take() -> advisory.Keys:
    places = [(PURPOSE, number) for number in range(settings.TENANT_SCHEMAS_AT_ONCE)]
    for keys in places:
        if advisory.take(keys):
            return keys
    # All are taken: stand in one queue, by chance.
    keys = places[int.from_bytes(os.urandom(4)) % len(places)]
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", keys)
    return keys


def room_for_locks(
    app_configs: object,  # noqa: ARG001 - the signature of a check
    databases: Sequence[str] | None = None,
    **kwargs: object,  # noqa: ARG001 - as above
) -> list[checks.CheckMessage]:
    """Warn where the server's table of locks is too small for that many schemas."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        if isinstance(connections[alias], DatabaseWrapper):
            found += _problems(connections[alias])
    return found


def _problems(one: Any) -> list[checks.CheckMessage]:
    needed = 2 * LOCKS * settings.TENANT_SCHEMAS_AT_ONCE
    with use_control(), one.cursor() as cursor:
        cursor.execute(ROOM)
        room = cursor.fetchone()[0]
    if room >= needed:
        return []
    return [
        checks.Warning(
            f"The server has room for {room} locks, and {needed} are wanted where"
            f" {settings.TENANT_SCHEMAS_AT_ONCE} schemas are made at once.",
            hint="Raise max_locks_per_transaction, or lower TENANT_SCHEMAS_AT_ONCE.",
            id="tenants.W006",
        )
    ]

"""Advisory locks: their numbers, which the whole database shares, and one held.

A lock belongs to the connection, so a process that dies frees it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

from tenants.context import use_control

Keys = tuple[int, int]


def half(value: bytes) -> int:
    """Return one of the two numbers of a lock: 32 bits of a hash."""
    return int.from_bytes(hashlib.sha256(value).digest()[:4], "big", signed=True)


@contextmanager
def tried(keys: Keys) -> Iterator[bool]:
    """Tell the block whether it holds the lock, which is given back at its end."""
    ours = take(keys)
    try:
        yield ours
    finally:
        if ours:
            give_back(keys)


def take(keys: Keys) -> bool:
    """Take a lock unless another process has it; tell whether it is ours."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        return bool(cursor.fetchone()[0])


def drop_broken() -> None:
    """Close the connection where it is broken, so that the next statement has another.

    One that is only old stays, as Django would not have it: it may hold a lock.
    """
    if connection.connection is not None and not connection.is_usable():
        connection.close()


def give_back(keys: Keys) -> None:
    """Give a lock back, also where its connection is broken."""
    try:
        with use_control(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)
    except Error:
        # The connection is broken; closing it frees the lock as well.
        connection.close()

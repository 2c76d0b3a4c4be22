"""One process at a time works on a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import Error, connection

from tenants.advisory import half


def keys(tenant: UUID) -> tuple[int, int]:
    """Return the two 32-bit halves of an advisory lock: the tenant's, the purpose's."""
    return half(tenant.bytes), half(b"provisioning")


@contextmanager
def run_lock(tenant: UUID) -> Iterator[bool]:
    """Tell the block whether it holds the run's lock.

    The lock belongs to the connection, so a process that dies frees it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys(tenant))
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        if ours:
            release(tenant)


def release(tenant: UUID) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys(tenant))
    except Error:
        # The connection is broken; closing it frees the lock as well.
        connection.close()

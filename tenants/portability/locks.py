"""One process at a time exports a tenant, swaps it or puts it away."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import Error, connection

from tenants.advisory import half
from tenants.context import use_control
from tenants.portability.errors import Busy


@contextmanager
def alone(tenant: UUID, purpose: str = "export") -> Iterator[None]:
    """Hold the tenant's lock of a purpose. Raises Busy where another process has it.

    It belongs to the connection, so a process that dies frees it.
    """
    keys = half(tenant.bytes), half(f"portability.{purpose}".encode())
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        ours = bool(cursor.fetchone()[0])
    if not ours:
        raise Busy(f"Another {purpose} of this tenant is under way.")
    try:
        yield
    finally:
        give_back(keys)


def give_back(keys: tuple[int, int]) -> None:
    try:
        with use_control(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)
    except Error:
        # The connection is broken; closing it frees the lock as well.
        connection.close()

"""One run at a time goes through the fleet."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import Error, connection

from kernel.errors import ApplicationError
from tenants.advisory import half
from tenants.context import NoTenantError, use_control
from tenants.errors import FleetBusy

KEYS: Final = (half(b"fleet"), half(b"migrations"))
HELD: Final = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
      AND classid::bigint = %s::bigint & 4294967295
      AND objid::bigint = %s::bigint & 4294967295)
"""
LOST: Final = (
    "The lock of this run was lost with its connection; run it again,"
    " and it goes on where this one has stopped."
)


class Held:
    """The lock of a run, on its connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def require(self) -> None:
        """Raise FleetBusy where the connection was lost, and the lock with it."""
        try:
            with use_control(), self._connection.cursor() as cursor:
                cursor.execute(HELD, KEYS)
                if cursor.fetchone()[0]:
                    return
        except (Error, NoTenantError):
            self._connection.close()
        raise FleetBusy(LOST)


@contextmanager
def fleet_lock() -> Iterator[Held]:
    """Hold the fleet's lock. Raises FleetBusy where another run has it.

    The lock is on a connection of its own: that of the work is closed now and then,
    as where a schema is missing. A process that dies frees it.
    """
    own = connection.copy()
    try:
        with use_control(), own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", KEYS)
            if not cursor.fetchone()[0]:
                raise FleetBusy
        yield Held(own)
    finally:
        give_back(own)
        own.close()


def give_back(own: Any) -> None:
    """Free the lock now: a closed connection does so once its backend has ended."""
    if own.connection is None:
        return
    with suppress(Error, ApplicationError), use_control(), own.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")

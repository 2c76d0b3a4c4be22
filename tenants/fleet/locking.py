"""One run at a time goes through the fleet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

from tenants.advisory import half
from tenants.context import use_control
from tenants.errors import FleetBusy

KEYS: Final = (half(b"fleet"), half(b"migrations"))


@contextmanager
def fleet_lock() -> Iterator[None]:
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
        yield
    finally:
        own.close()

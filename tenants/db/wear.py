"""How worn a connection is: its backend keeps catalog entries of each tenant it served.

A worn one is closed where nothing is under way, at the end of a request or a task and
between two tenants of a long piece of work; the next statement opens another.
"""

import time
from typing import Any, Final
from uuid import UUID

from django.db import connections

#: Of so many tenants a backend remembers some twenty megabytes.
MOST_TENANTS: Final = 200
LONGEST_SECONDS: Final = 30 * 60.0


class Wear:
    """Since when a connection is open, and for whom it has worked."""

    __slots__ = ("since", "tenants")

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.tenants: set[UUID] = set()

    @property
    def is_out(self) -> bool:
        """Tell whether another connection should take its place."""
        age = time.monotonic() - self.since
        return len(self.tenants) >= MOST_TENANTS or age >= LONGEST_SECONDS


def of(connection: Any) -> Wear:
    """Return the wear of a psycopg connection, which a pool lends to many."""
    found: Wear | None = getattr(connection, "wear", None)
    if found is None:
        found = connection.wear = Wear()
    return found


def renew() -> None:
    """Close what is worn of this thread's connections; call it between two tenants."""
    for one in connections.all(initialized_only=True):
        own: Any = one
        if hasattr(own, "renew"):
            own.renew()

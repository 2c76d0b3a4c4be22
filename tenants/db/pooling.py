"""What stands between us and PostgreSQL, and what may be left on a connection then.

`direct` and `session`: a connection is ours until it is closed; a setting stays.
`transaction`: another server connection may come with each transaction, so the
context is told inside each one and ends with it.
"""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from psycopg import Connection

#: Who looks when. In a ring of two an even turn would always meet the same server; this
#: one (of Thue and Morse) keeps no time, also where others take a place in between.
LOOKS: Final = (0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0)
PID: Final = "SELECT pg_backend_pid()"


class UnsafePooler(Exception):
    """A pooler gives each transaction another connection, and nobody said so."""


def is_by_transaction() -> bool:
    """Tell whether the context holds for one transaction only."""
    return bool(settings.TENANTRY_POOLING == "transaction")


def require_honest(connect: Callable[[], Connection[Any]]) -> None:
    """Compare TENANTRY_POOLING with what is there. Raises UnsafePooler.

    `connect` opens a connection as the platform does, in autocommit.
    """
    if not is_by_transaction() and shares_servers(connect):
        raise UnsafePooler(
            "The pooler gives each transaction another connection, on which another"
            " tenant's context may be left: set TENANTRY_POOLING=transaction, or the"
            " pooler to session mode."
        )


def shares_servers(connect: Callable[[], Connection[Any]]) -> bool:
    """Tell whether two clients that are open at once meet the same server process."""
    with connect() as one, connect() as two:
        pids: tuple[set[int], set[int]] = (set(), set())
        for who in LOOKS:
            # What psycopg prepares on one server, the next one does not know.
            found = (one, two)[who].execute(PID, prepare=False)
            pids[who].update(row[0] for row in found)
        return bool(pids[0] & pids[1]) or any(len(seen) > 1 for seen in pids)

"""A second alias of the same database whose connections come from a pool."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import connections

from tenants.context import use_control

ALIAS: Final = "pooled"
PATIENCE_SECONDS: Final = 5


@contextmanager
def alias_known() -> Iterator[None]:
    """Put the alias into the settings; before a test, which is told its databases."""
    settings = copy.deepcopy(connections["default"].settings_dict)
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16}
    connections.databases[ALIAS] = settings
    try:
        yield
    finally:
        del connections.databases[ALIAS]
        with suppress(AttributeError):
            del connections[ALIAS]


@contextmanager
def pool_open() -> Iterator[str]:
    """Open the pool, and close it at the end; yield the alias."""
    try:
        with use_control():
            # Django asks once for the version of the server, by a statement.
            connections[ALIAS].ensure_connection()
            connections[ALIAS].close()
        yield ALIAS
    finally:
        shut(connections[ALIAS])


def shut(pooled: Any) -> None:
    """Close a wrapper's connection, and its pool as soon as nothing is on its way.

    A pool that is closed forgets, and leaves open, what its threads bring later.
    """
    pooled.close()
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        stats = pooled.pool.get_stats()
        if stats["pool_available"] >= max(stats["pool_size"], stats["pool_min"]):
            break
        time.sleep(0.005)
    pooled.close_pool()

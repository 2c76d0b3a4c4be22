"""A forked process starts in no context and with no connection of its parent."""

import os
from typing import Any, Final

from django.db import connections

from tenants.context import adopt
from tenants.db.base import DatabaseWrapper

#: What the parent goes on using: closed or collected here, it would end there.
_parents: Final[list[Any]] = []
_installed: Final[set[int]] = set()


def install() -> None:
    """See that every process that is forked from this one begins so."""
    if not _installed:
        _installed.add(os.getpid())
        os.register_at_fork(after_in_child=lambda: begin())  # noqa: PLW0108 - looked up then, so that a test can do without


def begin() -> None:
    """Leave the context, the connections and the pools to the parent."""
    adopt(None)
    for connection in connections.all(initialized_only=True):
        _parents.append(connection)
        del connections[connection.alias]
    pools = DatabaseWrapper._connection_pools  # noqa: SLF001 - Django offers no other way in
    _parents.extend(pools.values())
    pools.clear()

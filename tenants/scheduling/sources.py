"""The due sources: modules that have work at an instant.

A source offers two functions: `run_due(limit) -> int` does up to so much of what is due
and returns how much; `due_instants()` returns queries, each of one row with the instant
at which there is work next.
The queries of all sources are one statement for a tenant, and what finds lost work
asks them of many tenants without entering any (tenants.asking). A source that keeps
its work elsewhere offers `next_due() -> datetime | None` instead, and is asked inside.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol, cast

from django.conf import settings
from django.db.models import QuerySet

from kernel import clock
from tenants.context import in_control, is_shadow

logger = logging.getLogger(__name__)

#: Rows a source handles before the next one has its turn.
ROWS: Final = 100
#: Seconds after which a tenant's remaining work waits for its next turn.
SECONDS: Final = 10.0
#: A context whose source failed is left alone for so long.
AFTER_FAILURE: Final = timedelta(seconds=30)
#: One whose due rows were all held by others comes back after so long.
AFTER_NOTHING: Final = timedelta(seconds=1)


class Source(Protocol):
    """A module with due work."""

    def run_due(self, limit: int) -> int: ...


class InTables(Source, Protocol):
    """A source whose work stands in tables of the schema."""

    def due_instants(self) -> Iterable[QuerySet[Any]]: ...


class Elsewhere(Source, Protocol):
    """A source that has to be asked."""

    def next_due(self) -> datetime | None: ...


@dataclass(slots=True)
class Ran:
    """What a run handled by source, and which sources failed."""

    handled: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return the number of rows handled."""
        return sum(self.handled.values())


@cache
def load(name: str) -> Source:
    return cast(Source, import_module(name))


def names() -> Sequence[str]:
    """Return the sources of the present plane."""
    if in_control():
        return cast(Sequence[str], settings.CONTROL_DUE_SOURCES)
    return cast(Sequence[str], settings.TENANT_DUE_SOURCES)


def run(limit: int = ROWS) -> Ran:
    """Run every source of the present context; one that fails stops no other."""
    ran = Ran()
    if is_shadow():
        return ran  # what is due there was done by the live tenant
    give_up = time.monotonic() + SECONDS
    for name in names():
        try:
            ran.handled[name] = drain(load(name), limit, give_up)
        except Exception:
            logger.exception("source.failed", extra={"source": name})
            ran.failed.append(name)
    return ran


def drain(source: Source, limit: int, give_up: float) -> int:
    """Call a source until it has less than a full batch, or the time is up."""
    total = 0
    while True:
        handled = source.run_due(limit)
        total += handled
        if handled < limit or time.monotonic() > give_up:
            return total


def next_due() -> datetime | None:
    """Return the earliest instant at which a source of this context has work."""
    if is_shadow():
        return None
    asked = to_be_asked(names())
    instants = [earliest(queries()), *(one.next_due() for one in asked)]
    return min((at for at in instants if at is not None), default=None)


def queries() -> list[QuerySet[Any]]:
    """Return what the sources of this context ask their tables."""
    asked = (load(name) for name in names())
    return [
        query
        for source in asked
        if hasattr(source, "due_instants")
        for query in cast(InTables, source).due_instants()
    ]


def to_be_asked(among: Iterable[str]) -> list[Elsewhere]:
    """Return the sources that have no such queries."""
    asked = (load(name) for name in among)
    return [cast(Elsewhere, one) for one in asked if not hasattr(one, "due_instants")]


def earliest(asked: Iterable[QuerySet[Any]]) -> datetime | None:
    """Return the smallest of the instants, by one statement; None where none is due."""
    parts = list(asked)
    if not parts:
        return None
    rows = parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]
    return min((at for (at,) in rows if at is not None), default=None)


def scan(ran: Ran) -> datetime | None:
    """Return when this context has work next; a fresh failure does not spin."""
    now = clock.now()
    if ran.failed:
        return now + AFTER_FAILURE
    due = next_due()
    if due is not None and not ran.total:
        return max(due, now + AFTER_NOTHING)
    return due

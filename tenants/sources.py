"""The due sources: modules that have work at an instant.

A source offers `run_due(limit) -> int` and `next_due() -> datetime | None`.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from django.conf import settings

from tenants.context import in_control, is_shadow

logger = logging.getLogger(__name__)

#: Rows a source handles before the next one has its turn.
ROWS: Final = 100
#: Seconds after which a tenant's remaining work waits for its next turn.
SECONDS: Final = 10.0


class Source(Protocol):
    """A module with due work."""

    def run_due(self, limit: int) -> int: ...
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
    instants = [load(name).next_due() for name in names()]
    return min((at for at in instants if at is not None), default=None)

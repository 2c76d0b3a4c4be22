"""The one clock: every instant of the product comes from `now()`.

Tests freeze it and move it; nothing sleeps and nothing patches `datetime`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen_at: datetime | None = None


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return _frozen_at or datetime.now(UTC)


def iso(at: datetime) -> str:
    """Return an instant in ISO 8601, UTC, to the second, as commands say it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def frozen(at: datetime | None = None) -> Iterator[None]:
    """Stop the clock of this process at an instant, by default the present one."""
    global _frozen_at  # noqa: PLW0603 - one clock for all threads is the point
    before = _frozen_at
    _frozen_at = at or now()
    try:
        yield
    finally:
        _frozen_at = before


def advance(by: timedelta) -> datetime:
    """Move the frozen clock forward and return the new instant.

    Raises RuntimeError where the clock is not frozen.
    """
    global _frozen_at  # noqa: PLW0603 - as above
    if _frozen_at is None:
        raise RuntimeError("Freeze the clock before moving it: `with clock.frozen()`.")
    _frozen_at += by
    return _frozen_at

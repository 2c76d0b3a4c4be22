"""Buckets of tokens: how many requests may come, and how long the next one waits.

A bucket is one number, the instant at which it would be full again; with each request
that instant moves on, and a request that would move it too far is refused.
All instants are whole microseconds.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from cachetools import LRUCache

MINUTE: Final = 60_000_000
SECOND: Final = 1_000_000
#: How many buckets a process keeps.
MOST: Final = 10_000
#: A full bucket holds what comes in so many seconds, and not less than so many tokens.
BURST_SECONDS: Final = 10
LEAST_BURST: Final = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a minute, at least one."""

    per_minute: int

    @property
    def interval(self) -> int:
        """How long it takes until there is one token more."""
        return max(1, MINUTE // self.per_minute)

    @property
    def burst(self) -> int:
        """How many tokens a full bucket holds, which may be taken at once."""
        wanted = max(LEAST_BURST, self.per_minute * BURST_SECONDS // 60)
        return min(wanted, self.per_minute)

    def halved(self) -> "Rate":
        return Rate(max(1, self.per_minute // 2))


def take(full_at: int, now: int, rate: Rate) -> tuple[int, int]:
    """Return the bucket after one more request, and how long that request must wait.

    Who need not wait gets 0; who must has taken nothing.
    """
    after = max(full_at, now) + rate.interval
    wait = after - now - rate.burst * rate.interval
    return (after, 0) if wait <= 0 else (full_at, wait)


class Buckets:
    """The buckets of one process, each by its name."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Hold no bucket and no lock: also for a process that was just forked."""
        self._lock = Lock()
        self._full_at: LRUCache[str, int] = LRUCache(MOST)

    def take(self, name: str, rate: Rate, now: int) -> int:
        """Take a token; return how long to wait, 0 where there was one."""
        with self._lock:
            full_at, wait = take(self._full_at.get(name, 0), now, rate)
            self._full_at[name] = full_at
        return wait

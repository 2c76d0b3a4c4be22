"""Django's migrations in several processes, each of which ends after 200 tenants.

A process keeps the graph, the project's states and what they leave in memory; a child
is forked with all that is loaded, and begins in no context and with no connection.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: How many tenants a process has before another takes its place.
RECYCLED: Final = 200
#: How often a child looks whether its parent is there.
WATCHED_SECONDS: Final = 0.5


def in_processes(
    items: Sequence[T],
    work: Callable[[Sequence[T]], list[R]],
    *,
    jobs: int,
    lost: Callable[[T], R],
) -> Iterator[R]:
    """Yield what `work` makes of parts of the items, each in a process of its own.

    `lost` tells of an item whose process died.
    """
    size = max(1, min(RECYCLED, -(-len(items) // jobs)))
    parts = [items[at : at + size] for at in range(0, len(items), size)]
    for first in range(0, len(parts), jobs):
        yield from _round(parts[first : first + jobs], work, lost)


def _round(
    parts: Sequence[Sequence[T]],
    work: Callable[[Sequence[T]], list[R]],
    lost: Callable[[T], R],
) -> list[R]:
    found: list[Any] = []
    _inherited.append(work)
    try:
        with ProcessPoolExecutor(
            len(parts),
            mp_context=get_context("fork"),
            initializer=_end_with,
            initargs=(os.getpid(),),
        ) as pool:
            waiting = [pool.submit(_inherited_work, part) for part in parts]
            for part, future in zip(parts, waiting, strict=True):
                try:
                    found += future.result()
                except BrokenProcessPool:
                    found += [lost(item) for item in part]
    finally:
        _inherited.pop()
    return found


#: What a child does: it has it from its parent's memory, since it cannot be pickled.
_inherited: Final[list[Callable[..., list[Any]]]] = []


def _end_with(parent: int) -> None:
    """See that a child ends soon after its parent was killed.

    It would wait for more work for ever, and holds its parent's connections open: the
    fleet's lock would be held by nobody.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCHED_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _inherited_work(part: Sequence[object]) -> list[Any]:
    return _inherited[-1](part)

"""Do the same in several threads at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def together(work: Callable[[T], R], whom: Sequence[T]) -> list[R]:
    """Return what `work` makes of each, in a thread each; raises what one raised."""
    with ThreadPoolExecutor(len(whom)) as threads:
        return [one.result() for one in [threads.submit(work, who) for who in whom]]

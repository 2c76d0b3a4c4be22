"""What every worker can be asked, whatever it serves."""

import gc
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext


class Timed(ABC):
    """Does one thing again and again, and tells how long each time took.

    ["block", ["acme", "globex"], 24]  the nanoseconds of each time, the turns in turn
    ["ready", "acme"], then ["go"]     one time, with what comes before it apart
    ["settle"]                         put what lives on out of the collector's way
    """

    waiting: Callable[[], object]

    def inside(self) -> AbstractContextManager[object]:
        """Return the block that everything is done in."""
        return nullcontext()

    @abstractmethod
    def prepared(self, turn: str) -> Callable[[], object]:
        """Return what is timed once, made ready."""

    def block(self, turns: Sequence[str], count: int) -> list[int]:
        gc.collect()
        with self.inside():
            return list(self.timed(itertools.cycle(turns), count))

    def ready(self, turn: str) -> None:
        with self.inside():
            self.waiting = self.prepared(turn)

    def go(self) -> None:
        with self.inside():
            self.waiting()

    def settle(self) -> None:
        gc.collect()
        gc.freeze()

    def timed(self, turns: Iterator[str], count: int) -> Iterator[int]:
        for turn in itertools.islice(turns, count):
            run = self.prepared(turn)
            begun = time.perf_counter_ns()
            run()
            yield time.perf_counter_ns() - begun

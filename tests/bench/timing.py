"""How long one time of a thing takes: peers side by side, in small blocks in turn.

Noise of the machine comes in waves that are longer than a round, so each round gives
a ratio of its own, of two medians taken within the same half second, and the median
of all these ratios is the figure.
A wave then hits both sides of a ratio, and a bad round counts no more than a good one.
Processes differ a little by the chance of their hashes and of their layout in memory,
so they are begun anew a few times.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.bench.peers import Peer, Worker, working

#: The first times of a block find the processor's caches cold, and are left out.
COLD: Final = 2
WARM_UP_BLOCKS: Final = 2


@dataclass(frozen=True)
class Pace:
    """How often: a sitting has as many rounds as there is time for, within bounds."""

    sittings: int
    seconds: float
    fewest_rounds: int = 4
    most_rounds: int = 16


@dataclass(frozen=True)
class Run:
    """What is measured: a peer, what it does in turn, and how often in a block."""

    peer: Peer
    turns: tuple[str, ...]
    count: int = 12


@dataclass
class Times:
    """What was measured: for each run, its rounds of nanoseconds."""

    rounds: dict[Run, list[list[int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def all(self, run: Run) -> list[float]:
        """Return every time of the run, in milliseconds, the quickest first."""
        return sorted(ns / 1e6 for block in self.rounds[run] for ns in block)

    def ratios(self, run: Run, base: Run) -> list[float]:
        """Return for each round how the run compares with the base, by medians."""
        pairs = zip(self.rounds[run], self.rounds[base], strict=True)
        return [median(ours) / median(theirs) for ours, theirs in pairs]


def measure(
    runs: Sequence[Run],
    databases: Mapping[Peer, dict[str, str]],
    *,
    pace: Pace,
    agree: Callable[[Collection[Worker]], None],
) -> Times:
    """Time all runs, each round in another order.

    `agree` raises RuntimeError unless the workers of a sitting do the same.
    """
    times = Times()
    order = random.Random(20)
    for _ in range(pace.sittings):
        with ExitStack() as stack:
            workers = {
                peer: stack.enter_context(working(peer, database))
                for peer, database in databases.items()
            }
            agree(workers.values())
            for run in [*runs] * WARM_UP_BLOCKS:
                block(run, workers[run.peer])
            for worker in workers.values():
                worker.ask("settle")
            for _ in sitting(pace):
                for run in order.sample(runs, len(runs)):
                    times.rounds[run].append(block(run, workers[run.peer]))
    return times


def sitting(pace: Pace) -> Iterator[int]:
    """Yield the numbers of the rounds that a sitting has time for."""
    end = time.monotonic() + pace.seconds
    for number in range(pace.most_rounds):
        if number >= pace.fewest_rounds and time.monotonic() > end:
            return
        yield number


def block(run: Run, worker: Worker) -> list[int]:
    """Return the nanoseconds of each time."""
    times: list[int] = worker.ask("block", run.turns, COLD + run.count)
    return times[COLD:]

"""How long a request takes: the peers side by side, in small blocks in turn.

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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.bench.peers import Peer, Worker, agree, working

SITTINGS: Final = 5
#: Rounds of a sitting: as many as there is time for, within these bounds.
SECONDS: Final = 10.0
FEWEST_ROUNDS: Final = 4
MOST_ROUNDS: Final = 16
#: Requests of a block; the first ones find the processor's caches cold, and are left
#: out on each side.
REQUESTS: Final = 12
COLD: Final = 2
WARM_UP: Final = 30


@dataclass(frozen=True)
class Run:
    """One thing that is measured: a peer, and which sites it serves in turn."""

    peer: Peer
    sites: tuple[str, ...]


@dataclass
class Times:
    """What was measured: for each run, its rounds of nanoseconds."""

    rounds: dict[Run, list[list[int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def all(self, run: Run) -> list[float]:
        """Return every request of the run, in milliseconds, the quickest first."""
        return sorted(ns / 1e6 for block in self.rounds[run] for ns in block)

    def ratios(self, run: Run, base: Run) -> list[float]:
        """Return for each round how the run compares with the base, by medians."""
        pairs = zip(self.rounds[run], self.rounds[base], strict=True)
        return [median(ours) / median(theirs) for ours, theirs in pairs]


def measure(runs: Sequence[Run], databases: dict[Peer, dict[str, str]]) -> Times:
    """Time all runs, each round in another order."""
    times = Times()
    order = random.Random(20)
    for _ in range(SITTINGS):
        with ExitStack() as stack:
            workers = {
                peer: stack.enter_context(working(peer, database))
                for peer, database in databases.items()
            }
            agree(workers.values())
            for run in runs:
                workers[run.peer].ask("block", run.sites, WARM_UP)
            for worker in workers.values():
                worker.ask("settle")
            for _ in sitting():
                for run, block in a_round(runs, workers, order):
                    times.rounds[run].append(block)
    return times


def sitting() -> Iterator[int]:
    """Yield the numbers of the rounds that a sitting has time for."""
    end = time.monotonic() + SECONDS
    for number in range(MOST_ROUNDS):
        if number >= FEWEST_ROUNDS and time.monotonic() > end:
            return
        yield number


def a_round(
    runs: Sequence[Run], workers: dict[Peer, Worker], order: random.Random
) -> Iterator[tuple[Run, list[int]]]:
    for run in order.sample(runs, len(runs)):
        block = workers[run.peer].ask("block", run.sites, COLD + REQUESTS)
        yield run, block[COLD:]

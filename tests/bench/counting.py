"""How many statements and round trips one time takes, in a pass of its own."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from tests.bench import databases
from tests.bench.peers import SITES, Peer, Worker, working
from tests.bench.wire import PORT, Counts, Wire

#: Times before the counting: the first ones fill caches.
FIRST: Final = 4
TIMES: Final = 10
IN_TURN: Final = SITES
STAYING: Final = SITES[:1]


def per_time(
    peer: Peer,
    database: dict[str, str],
    ways: Sequence[Sequence[str]],
    *,
    check: Callable[[Worker], object] = lambda _: None,
    times: int = TIMES,
) -> list[Counts]:
    """Return what one time sends, for each way of going through the turns.

    It is the median: what a process does beside its requests is no request's.
    """
    with Wire(databases.open_socket) as wire:
        behind = {**database, "HOST": str(wire.directory), "PORT": PORT}
        with working(peer, behind) as worker:
            check(worker)
            return [counted(worker, wire, turns, times) for turns in ways]


def counted(worker: Worker, wire: Wire, turns: Sequence[str], times: int) -> Counts:
    worker.ask("block", turns, FIRST)
    each = []
    for number in range(times):
        worker.ask("ready", turns[number % len(turns)])
        before = wire.counts()
        worker.ask("go")
        each.append(wire.counts() - before)
    return Counts(
        round(median(one.statements for one in each)),
        round(median(one.round_trips for one in each)),
    )

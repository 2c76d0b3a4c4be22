"""How many statements and round trips a request takes, in a pass of its own."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from tests.bench import databases
from tests.bench.peers import SITES, Peer, check, working
from tests.bench.wire import PORT, Counts, Wire

#: Requests before the counting: the first ones fill caches.
FIRST: Final = 4
REQUESTS: Final = 10
IN_TURN: Final = SITES
STAYING: Final = SITES[:1]


def per_request(
    peer: Peer, database: dict[str, str], ways: Sequence[Sequence[str]]
) -> list[Counts]:
    """Return what one request sends, for each way of going through the sites.

    It is the median: what a process does beside its requests is no request's.
    """
    with Wire(databases.open_socket) as wire:
        behind = {**database, "HOST": str(wire.directory), "PORT": PORT}
        with working(peer, behind) as worker:
            check(worker)
            counted = []
            for sites in ways:
                worker.ask("block", sites, FIRST)
                each = []
                for number in range(REQUESTS):
                    before = wire.counts()
                    worker.ask("block", [sites[number % len(sites)]], 1)
                    each.append(wire.counts() - before)
                counted.append(
                    Counts(
                        round(median(one.statements for one in each)),
                        round(median(one.round_trips for one in each)),
                    )
                )
            return counted

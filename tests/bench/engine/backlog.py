"""What a long worklist of the assignee costs a step: it should cost nothing."""

from collections.abc import Collection
from typing import Final

from tests.bench.peers import Peer, Worker
from tests.bench.timing import Pace, Run, measure

OPEN_ITEMS: Final = 5000
PACE: Final = Pace(sittings=2, seconds=12.0, most_rounds=16)


def loaded_against_free(
    peer: Peer,
    database: dict[str, str],
    *,
    open_items: int = OPEN_ITEMS,
    pace: Pace = PACE,
) -> list[float]:
    """Return for each round how much longer a completion takes with much open work.

    The completion sends the token on, and the next work item is pushed to the same
    person.
    """

    def load(workers: Collection[Worker]) -> None:
        for worker in workers:
            found = worker.ask("load", open_items)
            if found < open_items:
                raise RuntimeError(f"There are {found} open work items.")

    loaded, free = Run(peer, ("loaded",)), Run(peer, ("free",))
    times = measure([loaded, free], {peer: database}, pace=pace, agree=load)
    return times.ratios(loaded, free)

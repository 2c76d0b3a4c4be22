"""Four clients at once against one, on processes of the same kind."""

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from tests.bench.engine.peers import THREE
from tests.bench.peers import Peer, Worker, working
from tests.bench.timing import Pace, sitting

CLIENTS: Final = 4
#: Instances of a client in a round.
COUNT: Final = 20
PACE: Final = Pace(sittings=2, seconds=14.0, most_rounds=16)


def four_against_one(
    peer: Peer, database: dict[str, str], *, pace: Pace = PACE, count: int = COUNT
) -> list[float]:
    """Return for each round how many times as many instances four clients finish."""
    order = random.Random(4)
    ratios = []
    for _ in range(pace.sittings):
        with ExitStack() as stack:
            workers = [
                stack.enter_context(working(peer, database)) for _ in range(CLIENTS)
            ]
            at_once(workers, count)
            for worker in workers:
                worker.ask("settle")
            for _ in sitting(pace):
                alone = [order.choice(workers)]
                both = order.sample([alone, workers], 2)
                rates = {len(group): at_once(group, count) for group in both}
                ratios.append(rates[CLIENTS] / rates[1])
    return ratios


def at_once(workers: Sequence[Worker], count: int) -> float:
    """Return the instances a second that these finish together."""
    begun = time.perf_counter()
    for worker in workers:
        worker.begin("block", THREE, count)
    for worker in workers:
        worker.answer()
    return count * len(workers) / (time.perf_counter() - begun)

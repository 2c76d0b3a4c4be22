"""From a confirmed sign-up to the first page: cold, warm, among few and many."""

from collections.abc import Mapping, Sequence
from itertools import count
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.peers import Peer, Worker, working
from tests.bench.report import percentile

if TYPE_CHECKING:
    from tests.bench.fleet.__main__ import Size

#: Tenants that come in a row on one side before the other has its turn.
THEIRS, OURS = 3, 5
MILLION = 1_000_000


def figures(
    named: Mapping[Peer, dict[str, str]], *, ours: Peer, theirs: Peer, size: "Size"
) -> dict[str, Sequence[float]]:
    """Return how many times as fast ours are; one ratio for each round."""
    numbers = count()
    with working(ours, named[ours]) as mine, working(theirs, named[theirs]) as other:
        arrive(mine, numbers, 2)
        arrive(other, numbers, 1)
        cold_ratios, warm_ratios, few = [], [], []
        for _round in range(size.theirs // THEIRS):
            slow = median(arrive(other, numbers, THEIRS))
            cold = arrive(mine, numbers, OURS)
            mine.ask("fill", OURS)
            warm = median(arrive(mine, numbers, OURS))
            few += cold
            cold_ratios.append(slow / median(cold))
            warm_ratios.append(slow / warm)
        rest = size.ours - size.theirs // THEIRS * 2 * OURS - 2
        many = arrive(mine, numbers, rest)[-len(few) :]
    return {
        "cold_vs_django_tenants": cold_ratios,
        "warm_vs_django_tenants": warm_ratios,
        "cold_500_vs_10": [median(many) / median(few)],
    }


def of_product(
    peer: Peer, database: dict[str, str], *, count: int
) -> dict[str, Sequence[float]]:
    """Return the p95 of the whole product's first pages, where schemas wait."""
    with working(peer, database) as worker:
        worker.ask("fill", count + 3)
        slugs = iter(range(count + 3))
        arrive(worker, slugs, 3)
        times = sorted(arrive(worker, slugs, count))
    return {"warm_p95_ms": [percentile(times, 95) / MILLION]}


def arrive(
    worker: Worker, numbers: "Sequence[int] | count[int]", many: int
) -> list[int]:
    """Let so many tenants come; return the nanoseconds of each."""
    return [worker.ask("arrive", f"site-{next(numbers)}") for _ in range(many)]

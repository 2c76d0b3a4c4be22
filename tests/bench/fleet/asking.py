"""Whether a name may have a certificate, among many registered tenants: DOM-7."""

from collections.abc import Sequence
from typing import Final

from tests.bench.peers import Peer, working
from tests.bench.report import percentile

MILLION: Final = 1_000_000
NAMES: Final = 300


def figures(
    peer: Peer, database: dict[str, str], *, count: int = NAMES
) -> dict[str, Sequence[float]]:
    """Return p95 of an answer about a name that nothing is remembered of.

    The tenants are there since `idling`, one at each `idle-N.localhost`.
    """
    with working(peer, database) as worker:
        times = sorted(worker.ask("ask", count))
    return {"ask_p95_ms": [percentile(times, 95) / MILLION]}

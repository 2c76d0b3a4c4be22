"""Whether a name may have a certificate, among many registered tenants: DOM-7."""

from collections.abc import Sequence
from typing import Final

from tests.bench.peers import Peer, working

MILLION: Final = 1_000_000
NAMES: Final = 300


def figures(
    peer: Peer, database: dict[str, str], *, count: int = NAMES
) -> dict[str, Sequence[float]]:
    """Return how long an answer takes about a name that nothing is remembered of.

    The tenants are there since `idling`, one at each `idle-N.localhost`.
    """
    with working(peer, database) as worker:
        return {"ask_ms": [time / MILLION for time in worker.ask("ask", count)]}

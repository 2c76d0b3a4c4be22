"""What looking at every event of the audit trail takes, against reading and hashing."""

from typing import Final

from tests.bench.engine.peers import THREE
from tests.bench.peers import Peer, working

INSTANCES: Final = 1500
TIMES: Final = 9


def against_the_floor(
    peer: Peer,
    database: dict[str, str],
    *,
    instances: int = INSTANCES,
    times: int = TIMES,
) -> list[float]:
    """Return for each round how much longer a verification takes than the floor."""
    with working(peer, database) as worker:
        worker.ask("block", THREE, instances)
        return [ours / floor for ours, floor in worker.ask("verified", times)]

"""A tick with nothing due, among many registered tenants."""

from collections.abc import Sequence

from tests.bench.peers import Peer, working

MILLION = 1_000_000
TICKS = 50


def figures(
    peer: Peer, database: dict[str, str], *, count: int
) -> dict[str, Sequence[float]]:
    """Return the statements of a tick and its median time."""
    with working(peer, database) as worker:
        worker.ask("register", count)
        found = worker.ask("idle_tick", TICKS)
    return {
        "idle_tick_statements": [found["statements"]],
        "idle_tick_ms": [found["nanoseconds"] / MILLION],
    }

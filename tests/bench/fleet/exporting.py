"""One small tenant among all: our export against `pg_dump -n`."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kernel.embedded import binaries
from tests.bench.peers import Peer, working

MILLION = 1_000_000


def figures(
    peer: Peer, database: dict[str, str], *, count: int
) -> dict[str, Sequence[float]]:
    """Return how many times as fast ours is, in turn with pg_dump."""
    ratios, times = [], []
    with working(peer, database) as worker:
        worker.ask("export", "site-0")
        schema = worker.ask("schema", "site-0")
        for number in range(count):
            own = worker.ask("export", "site-0")
            times.append(own / MILLION)
            if number % 5 == 0:
                ratios.append(dumped(database, schema) / own)
    return {"export_vs_pg_dump": ratios, "export_ms": times}


def dumped(database: dict[str, str], schema: str) -> int:
    """Return the nanoseconds that pg_dump takes for one schema."""
    surroundings = {
        **os.environ,
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
    }
    with tempfile.TemporaryDirectory() as place:
        target = str(Path(place) / "one.sql")
        program = binaries.postgres().program("pg_dump")
        begun = time.perf_counter_ns()
        subprocess.run(
            [program, "-n", schema, "-f", target], check=True, env=surroundings
        )
        return time.perf_counter_ns() - begun

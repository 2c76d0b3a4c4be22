"""`make bench-engine`: what a step of the workflow engine costs.

The same process of three human activities on ours, on django-goflow2, on
django-viewflow, and as nothing but the rows of ours: one client, one server with fsync
on, in one run.
It measures and does not judge: a missed goal is said, and the exit code stays 0.
"""

# ruff: noqa: T201 - talks to a person at a terminal
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from kernel.embedded.errors import EmbeddedError
from kernel.embedded.testing import Servers
from tests.bench import databases, peers
from tests.bench.counting import per_time
from tests.bench.databases import NotDurable
from tests.bench.engine import auditing, backlog, together, worklists
from tests.bench.engine.peers import (
    GOFLOW2,
    SITES,
    THREE,
    VIEWFLOW,
    agree,
    floor,
    goflow2,
    ours,
    viewflow,
)
from tests.bench.engine.report import GOALS, Line, table
from tests.bench.environments import CannotMake
from tests.bench.goals import Figures, as_json, verdicts
from tests.bench.peers import Peer, working
from tests.bench.timing import Pace, Run, measure

Databases = Mapping[Peer, dict[str, str]]

PACE = Pace(sittings=3, seconds=20.0, fewest_rounds=6, most_rounds=12)
#: Instances of a block; the slow ones have shorter blocks.
COUNTS = {"engine": 12, "floor": 24, "viewflow2": 8, "goflow2": 3}
#: Instances whose statements are counted.
COUNTED = 4
#: The figures of the others.
NAMES = {
    "goflow2": "vs_goflow2",
    "viewflow2": "vs_viewflow",
    "floor": "vs_floor",
}


def main() -> None:
    servers = Servers(durable=True)
    try:
        compared = (ours(), goflow2(), viewflow(), floor())
        servers.start()
        databases.require_durable()
        figures = compare(*compared)
    except (CannotMake, EmbeddedError, NotDurable) as error:
        sys.exit(str(error))
    finally:
        servers.stop()
    if path := os.environ.get("JSON"):
        Path(path).write_text(as_json(figures, GOALS) + "\n")


def compare(own: Peer, *others: Peer) -> Figures:
    """Print the table and the verdicts, and return the figures."""
    with ExitStack() as stack:
        say("making the tables")
        named = {peer: stack.enter_context(made(peer)) for peer in (own, *others)}
        figures = {
            "sql_per_step": [most_statements(own, named[own])],
            **side_by_side(named, own),
        }
        say("four clients at once")
        figures["four_vs_one"] = together.four_against_one(own, named[own])
        say(f"the audit trail of {auditing.INSTANCES:,} more instances")
        figures["audit_vs_floor"] = auditing.against_the_floor(own, named[own])
        say(f"{backlog.OPEN_ITEMS:,} open work items")
        figures["backlog_ratio"] = backlog.loaded_against_free(own, named[own])
        say(f"worklists among {worklists.ITEMS:,} work items")
        statements, p95 = worklists.page(own, named[own])
    figures |= {"worklist_statements": [statements], "worklist_p95_ms": [p95]}
    print()
    print("\n".join(verdicts(figures, GOALS)))
    return figures


@contextmanager
def made(peer: Peer) -> Iterator[dict[str, str]]:
    """Return a database with the peer's tables, which is dropped after the block."""
    with databases.temporary(f"bench_{peer.project}") as database:
        peers.make(peer, database, sites=SITES)
        databases.tidy(database["NAME"])
        yield database


def most_statements(own: Peer, database: dict[str, str]) -> int:
    """Return the statements of the step that takes the most."""
    with working(own, database) as worker:
        worker.ask("counted")  # fills the caches
        return max(worker.ask("counted").values())


def side_by_side(named: Databases, own: Peer) -> dict[str, list[float]]:
    """Print the table and return how fast ours is against each of the others."""
    say("one client, side by side")
    counts = {
        peer: per_time(peer, database, [THREE], times=COUNTED)[0]
        for peer, database in named.items()
    }
    runs = {peer: Run(peer, THREE, COUNTS[peer.project]) for peer in named}
    times = measure(list(runs.values()), named, pace=PACE, agree=agree)
    lines = [
        Line(
            peer.name,
            counts[peer],
            times.all(run),
            times.ratios(runs[own], run),
        )
        for peer, run in runs.items()
    ]
    print()
    print(f"Django {version('Django')}, {GOFLOW2[-1]}, {VIEWFLOW[-1]};")
    print(f"three human activities and the end, in {len(lines[0].ratios)} rounds")
    print()
    print("\n".join(table(lines)))
    print()
    return {
        NAMES[peer.project]: times.ratios(run, runs[own])
        for peer, run in runs.items()
        if peer != own
    }


def say(what: str) -> None:
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    main()

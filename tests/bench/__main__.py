"""`make bench-tenancy`: what tenancy costs a request of 20 queries.

Plain Django, django-tenants as it comes, and ours: the same models, rows and view, the
same versions, one server, in one run.
It measures and does not judge: a missed goal is said, and the exit code stays 0.
"""

# ruff: noqa: T201 - talks to a person at a terminal
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from kernel.embedded.errors import EmbeddedError
from kernel.embedded.testing import Servers
from tests.bench import databases, environments, peers
from tests.bench.counting import IN_TURN, STAYING, per_time
from tests.bench.environments import ALIKE, CannotMake
from tests.bench.peers import HERE, Peer
from tests.bench.report import Figures, Line, table, verdicts
from tests.bench.timing import Pace, Run, measure
from tests.bench.wire import Counts

WAYS = (IN_TURN, STAYING)
PACE = Pace(sittings=5, seconds=10.0)


def main() -> None:
    servers = Servers()
    try:
        plain, companion, ours = compared()
        servers.start()
        figures = compare(plain, companion, ours)
    except (CannotMake, EmbeddedError) as error:
        sys.exit(str(error))
    finally:
        servers.stop()
    if path := os.environ.get("JSON"):
        Path(path).write_text(figures.as_json() + "\n")


def compared() -> tuple[Peer, Peer, Peer]:
    """Return the three, their environments made."""
    return (
        Peer("plain Django", "plain", environments.python_with("plain", *ALIKE)),
        Peer(
            "django-tenants",
            "customers",
            environments.python_with("django-tenants", *ALIKE, "django-tenants"),
        ),
        Peer("ours", "ours", HERE),
    )


def compare(plain: Peer, companion: Peer, ours: Peer) -> Figures:
    """Print the table and the verdicts, and return the figures."""
    with ExitStack() as stack:
        named = {
            peer: stack.enter_context(databases.temporary(f"bench_{peer.project}"))
            for peer in (plain, companion, ours)
        }
        for peer, database in named.items():
            peers.make(peer, database)
            databases.tidy(database["NAME"])
        counts = counted(named)
        base = Run(plain, IN_TURN)
        runs = [base, *(Run(p, sites) for p in (companion, ours) for sites in WAYS)]
        times = measure(runs, named, pace=PACE, agree=peers.agree)
    in_turn = Run(ours, IN_TURN)
    figures = Figures(
        extra_statements=counts[in_turn].statements - counts[base].statements,
        against_plain=times.ratios(in_turn, base),
        against_django_tenants=times.ratios(in_turn, Run(companion, IN_TURN)),
    )
    lines = [
        Line(
            name=named_as(run),
            statements=counts[run].statements,
            round_trips=counts[run].round_trips,
            milliseconds=times.all(run),
            ratios=times.ratios(run, base),
        )
        for run in runs
    ]
    say(lines, figures)
    return figures


def counted(named: dict[Peer, dict[str, str]]) -> dict[Run, Counts]:
    counts = {}
    for peer, database in named.items():
        found = per_time(peer, database, WAYS, check=peers.check)
        for sites, count in zip(WAYS, found, strict=True):
            counts[Run(peer, sites)] = count
    return counts


def named_as(run: Run) -> str:
    if run.peer.project == "plain":
        return run.peer.name
    return f"{run.peer.name}, {'in turn' if run.turns == IN_TURN else 'one tenant'}"


def say(lines: Sequence[Line], figures: Figures) -> None:
    print()
    print(
        f"Django {version('Django')}, psycopg {version('psycopg')},"
        f" django-tenants {version('django-tenants')};"
        f" {len(lines[0].milliseconds)} requests a line"
    )
    print()
    print("\n".join(table(lines)))
    print()
    print("\n".join(verdicts(figures)))


if __name__ == "__main__":
    main()

"""`make bench-fleet`: what a tenant, a release and an export cost among many tenants.

django-tenants as it comes and ours have the same 45 tables in 20 migrations, on one
server, in one run. New tenants are compared where django-tenants has only a few, and is
faster than among five hundred; for the release its database gets as many schemas as
ours, by copying one, and it migrates some of them.
It measures and does not judge: a missed goal is said, and the exit code stays 0.
"""

# ruff: noqa: T201 - talks to a person at a terminal
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from kernel.embedded.errors import EmbeddedError
from kernel.embedded.testing import Servers
from tests.bench import databases, peers
from tests.bench.environments import CannotMake
from tests.bench.fleet import (
    arriving,
    asking,
    company,
    exporting,
    flood,
    idling,
    releasing,
)
from tests.bench.fleet.peers import OURS, OURS_LATER, PRODUCT, django_tenants
from tests.bench.fleet.report import GOALS
from tests.bench.goals import Figures, as_json, verdicts
from tests.bench.peers import Peer

Databases = Mapping[Peer, dict[str, str]]


@dataclass(frozen=True)
class Size:
    """How much is done: tenants on each side, and how often something is repeated."""

    ours: int = 500
    theirs: int = 15
    migrated: int = 60
    warm: int = 30
    exports: int = 20
    registered: int = 10_000


def main() -> None:
    servers = Servers()
    try:
        theirs = django_tenants()
        servers.start()
        figures = compare(theirs, Size())
    except (CannotMake, EmbeddedError) as error:
        sys.exit(str(error))
    finally:
        servers.stop()
    print()
    print(
        f"Django {version('Django')}, psycopg {version('psycopg')},"
        f" django-tenants {version('django-tenants')}"
    )
    print()
    print("\n".join(verdicts(figures, GOALS)))
    if path := os.environ.get("JSON"):
        Path(path).write_text(as_json(figures, GOALS) + "\n")


def compare(theirs: tuple[Peer, Peer], size: Size) -> Figures:
    """Return all figures; what is measured stands in the modules beside this one."""
    now, later = theirs
    with ExitStack() as stack:
        say("making the tables")
        named = {peer: made(stack, peer) for peer in (OURS, now, PRODUCT)}
        say(f"{size.theirs} tenants on django-tenants, {size.ours} on ours")
        figures = arriving.figures(named, ours=OURS, theirs=now, size=size)
        say("the product's own first pages")
        figures |= arriving.of_product(PRODUCT, named[PRODUCT], count=size.warm)
        say(f"{size.ours} schemas on django-tenants, {size.migrated} of its tenants")
        company.fill(
            named[now], like="site-2", schemas=size.ours, tenants=size.migrated
        )
        databases.tidy(named[OURS]["NAME"])
        say("nothing to migrate, then ten columns")
        figures |= releasing.figures(
            {OURS: named[OURS], now: named[now]},
            ours=(OURS, OURS_LATER),
            theirs=(now, later),
            tenants=(size.ours, size.migrated),
        )
        say("exports")
        figures |= exporting.figures(OURS_LATER, named[OURS], count=size.exports)
        say(f"a tick among {size.registered:,} tenants")
        figures |= idling.figures(OURS_LATER, named[OURS], count=size.registered)
        say("certificates asked for")
        figures |= asking.figures(OURS_LATER, named[OURS])
    say("a flood")
    return figures | {"flood_p99_ratio": [flood.measured().p99_ratio]}


def made(stack: ExitStack, peer: Peer) -> dict[str, str]:
    database = stack.enter_context(databases.temporary(f"bench_{peer.project}"))
    peers.make(peer, database, sites=())
    return database


def say(what: str) -> None:
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    main()

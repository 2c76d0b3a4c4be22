"""What tenancy adds to a request in statements; time is for `make bench-tenancy`."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.bench import databases, peers
from tests.bench.counting import IN_TURN, STAYING, per_time
from tests.bench.peers import HERE, Peer
from tests.bench.wire import Counts

QUERIES = 20

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def counts() -> Iterator[dict[str, list[Counts]]]:
    """Return what plain Django and ours send: tenants in turn, and staying in one."""
    counted = {}
    with ExitStack() as stack:
        for project in ("plain", "ours"):
            peer = Peer(project, project, HERE)
            database = stack.enter_context(databases.temporary(f"bench_{project}"))
            peers.make(peer, database)
            counted[project] = per_time(
                peer, database, (IN_TURN, STAYING), check=peers.check
            )
        yield counted


def test_plain_django_sends_the_queries_of_the_view_and_nothing_else(counts):
    assert counts["plain"] == [Counts(QUERIES, QUERIES)] * 2


def test_a_request_of_another_tenant_than_the_last_sends_one_statement_more(counts):
    in_turn, _ = counts["ours"]
    assert in_turn.statements <= QUERIES + 1
    assert in_turn.round_trips <= QUERIES + 1


def test_a_request_of_the_same_tenant_as_the_last_sends_no_statement_more(counts):
    _, staying = counts["ours"]
    assert staying == Counts(QUERIES, QUERIES)

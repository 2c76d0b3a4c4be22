"""The parts of `make bench-fleet`, on a handful of tenants and without a clock."""

import json
from collections.abc import Iterator

import pytest

from tests.bench import databases, environments, peers
from tests.bench.environments import ALIKE
from tests.bench.fleet import arriving, company, exporting, idling, releasing
from tests.bench.fleet.peers import OURS, OURS_LATER
from tests.bench.fleet.report import GOALS
from tests.bench.goals import as_json, verdicts
from tests.bench.peers import Peer, working

pytestmark = [pytest.mark.slow]

FEW = 3


def made(peer: Peer) -> Iterator[dict[str, str]]:
    with databases.temporary(f"bench_{peer.project}") as database:
        peers.make(peer, database, sites=())
        yield database


@pytest.fixture(scope="module")
def ours() -> Iterator[dict[str, str]]:
    """Return a database in which three tenants have arrived."""
    for database in made(OURS):
        with working(OURS, database) as worker:
            arriving.arrive(worker, iter(range(FEW)), FEW)
        yield database


def test_a_tenant_of_the_pool_arrives_as_well(ours):
    with working(OURS, ours) as worker:
        before = releasing.have(ours, releasing.SCHEMAS)
        worker.ask("fill", 1)
        assert releasing.have(ours, releasing.SCHEMAS) == before + 1
        arriving.arrive(worker, iter([FEW]), 1)
        assert releasing.have(ours, releasing.SCHEMAS) == before + 1


def test_a_release_reaches_every_schema_and_is_then_nothing_to_do(ours):
    tenants = releasing.have(ours, releasing.SCHEMAS)
    assert releasing.one_release(OURS_LATER, ours, tenants) > 0
    with working(OURS_LATER, ours) as worker:
        assert releasing.a_tenant(worker, tenants) > 0


def test_an_export_is_compared_with_pg_dump(ours):
    found = exporting.figures(OURS_LATER, ours, count=1)
    assert len(found["export_vs_pg_dump"]) == 1


def test_an_idle_tick_is_one_statement(ours):
    found = idling.figures(OURS_LATER, ours, count=50)
    assert found["idle_tick_statements"] == [1]


def test_a_name_of_each_tenant_may_have_a_certificate(ours):
    with working(OURS_LATER, ours) as worker:
        worker.ask("register", 3, "asked")
        assert len(worker.ask("ask", 3, "asked")) == 3


def test_django_tenants_does_the_same_where_it_is_installed():
    packages = (*ALIKE, "django-tenants")
    if not environments.is_made("django-tenants", *packages):
        pytest.skip("make bench-fleet has not installed django-tenants yet")
    python = environments.interpreter("django-tenants")
    now = Peer("django-tenants", "fleet_customers", python)
    later = Peer("django-tenants, later", "fleet_customers.later", python)
    for database in made(now):
        with working(now, database) as worker:
            arriving.arrive(worker, iter(range(2)), 2)
        company.fill(database, like="site-1", schemas=5, tenants=3)
        assert releasing.have(database, releasing.SCHEMAS) == 5
        assert releasing.one_release(later, database, 3) > 0


def test_each_goal_has_a_figure_and_a_verdict():
    good = {
        goal.name: [goal.bound * (0.9 if goal.less_is_better else 1.1)] * 5
        for goal in GOALS
    }
    assert set(json.loads(as_json(good, GOALS))) == {goal.name for goal in GOALS}
    assert list(verdicts({}, GOALS[:1])) == [f"{GOALS[0].words}: not measured"]
    assert all(line.endswith("met") for line in verdicts(good, GOALS))

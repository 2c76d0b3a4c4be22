"""The parts of `make bench-engine`, on a handful of instances and without a clock."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import sql

from tests.bench import databases, environments
from tests.bench import peers as processes
from tests.bench.databases import NotDurable
from tests.bench.engine import auditing, backlog, peers, together, worklists
from tests.bench.engine.peers import GOFLOW2, SITES, THREE, VIEWFLOW
from tests.bench.peers import Peer, working
from tests.bench.timing import Pace

pytestmark = [pytest.mark.slow]

ONCE = Pace(sittings=1, seconds=0, fewest_rounds=1, most_rounds=1)
TABLES = ("workflow_processinstance", "workflow_workitem", "workflow_auditevent")


@contextmanager
def made(peer: Peer) -> Iterator[dict[str, str]]:
    with databases.temporary(f"bench_{peer.project}") as database:
        processes.make(peer, database, sites=SITES)
        yield database


@pytest.fixture(scope="module")
def ours() -> Iterator[dict[str, str]]:
    with made(peers.ours()) as database:
        yield database


def test_a_step_takes_two_statements(ours):
    with working(peers.ours(), ours) as worker:
        worker.ask("counted")
        assert worker.ask("counted") == {
            "start": 2,
            "take first": 2,
            "complete first": 2,
            "take second": 2,
            "complete second": 2,
            "take third": 2,
            "complete third": 2,
        }


def test_instances_reach_their_end(ours):
    with working(peers.ours(), ours) as worker:
        peers.agree([worker])


def test_four_clients_work_at_once(ours):
    [ratio] = together.four_against_one(peers.ours(), ours, pace=ONCE, count=1)
    assert ratio > 0


def test_a_completion_is_timed_with_much_open_work_and_without(ours):
    [ratio] = backlog.loaded_against_free(peers.ours(), ours, open_items=30, pace=ONCE)
    assert ratio > 0


def test_the_audit_trail_is_whole_and_timed_against_reading_it(ours):
    [ratio] = auditing.against_the_floor(peers.ours(), ours, instances=2, times=1)
    assert ratio > 0


def test_a_page_of_a_worklist_takes_two_statements(ours):
    statements, _ = worklists.page(peers.ours(), ours, items=4000, times=1)
    assert statements == 2


def test_the_floor_writes_as_many_rows_as_ours_and_as_large_ones():
    with made(peers.floor()) as database, working(peers.floor(), database) as worker:
        worker.ask("block", THREE, 2)
        assert worker.ask("finished") == 3
        recorded, *written = sizes_of_instances(database)
        assert written == [recorded] * 2


def sizes_of_instances(database: dict[str, str]) -> list[list[tuple[int, int]]]:
    """Return for each instance how many rows it has in each table, and their bytes."""
    with databases.connect(database["NAME"]) as connection:
        schema = schema_of(connection)
        connection.execute(sql.SQL("SET search_path TO {}").format(schema))
        instances = connection.execute(
            "SELECT id FROM workflow_processinstance ORDER BY id"
        ).fetchall()
        return [
            [size_of(connection, table, number) for table in TABLES]
            for (number,) in instances
        ]


def schema_of(connection: psycopg.Connection) -> sql.Identifier:
    query = "SELECT schemaname FROM pg_tables WHERE tablename = 'workflow_workitem'"
    [(name,)] = connection.execute(query).fetchall()
    return sql.Identifier(name)


def size_of(
    connection: psycopg.Connection, table: str, instance: int
) -> tuple[int, int]:
    query = "SELECT count(*), sum(pg_column_size(t.*)) FROM {} AS t WHERE {} = %s"
    column = "id" if table == TABLES[0] else "instance_id"
    names = map(sql.Identifier, (table, column))
    [row] = connection.execute(sql.SQL(query).format(*names), [instance]).fetchall()
    return row


def test_the_other_engines_finish_as_many_instances_where_they_are_installed():
    found = {
        peer("goflow2"): environments.is_made("goflow2", *GOFLOW2),
        peer("viewflow"): environments.is_made("viewflow", *VIEWFLOW),
    }
    installed = [one for one, is_made in found.items() if is_made]
    if not installed:
        pytest.skip("make bench-engine has not installed the other engines yet")
    with ExitStack() as stack:
        workers = [
            stack.enter_context(working(one, stack.enter_context(made(one))))
            for one in installed
        ]
        peers.agree(workers)


def peer(name: str) -> Peer:
    return getattr(peers, name)(environments.interpreter(name))


def test_a_server_that_may_lose_commits_is_refused():
    with databases.connect("postgres") as connection:
        [(fsync,)] = connection.execute("SHOW fsync").fetchall()
    if fsync == "on":
        databases.require_durable()
    else:
        with pytest.raises(NotDurable, match="fsync = off"):
            databases.require_durable()

"""The counting socket counts what PostgreSQL is really told."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.bench import databases
from tests.bench.wire import PORT, Counts, Messages, Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(databases.open_socket) as counted:
        yield counted


@pytest.fixture
def connection(wire: Wire) -> Iterator[psycopg.Connection]:
    at = databases.server()
    with psycopg.connect(
        dbname="postgres",
        user=at["USER"],
        password=at["PASSWORD"],
        host=str(wire.directory),
        port=PORT,
        autocommit=True,
    ) as connected:
        yield connected


def test_connecting_is_no_statement(wire, connection):
    assert connection.info.status == psycopg.pq.ConnStatus.OK
    assert wire.counts() == Counts(statements=0, round_trips=0)


def test_a_simple_statement_is_one_round_trip(wire, connection):
    assert connection.execute("SELECT 1").fetchone() == (1,)
    assert wire.counts() == Counts(statements=1, round_trips=1)


def test_a_statement_with_bound_values_is_one_round_trip(wire, connection):
    assert connection.execute("SELECT %s::int", [7]).fetchone() == (7,)
    assert wire.counts() == Counts(statements=1, round_trips=1)


def test_statements_in_one_string_are_counted_one_by_one(wire, connection):
    connection.execute("SET lock_timeout = 0; SELECT 1; SELECT 2")
    assert wire.counts() == Counts(statements=3, round_trips=1)


def test_a_pipeline_is_one_round_trip_for_all_its_statements(wire, connection):
    with connection.pipeline():
        for number in range(5):
            connection.execute("SELECT %s::int", [number])
    assert wire.counts() == Counts(statements=5, round_trips=1)


def test_a_value_fetched_within_a_pipeline_is_a_round_trip_of_its_own(wire, connection):
    with connection.pipeline():
        assert connection.execute("SELECT %s::int", [1]).fetchone() == (1,)
        connection.execute("SELECT %s::int", [2])
    assert wire.counts() == Counts(statements=2, round_trips=2)


def test_the_ends_of_a_transaction_are_statements(wire, connection):
    with connection.transaction():
        connection.execute("SELECT 1")
    assert wire.counts() == Counts(statements=3, round_trips=3)


def test_a_refused_statement_counts_too(wire, connection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM no_such_table")
    assert wire.counts() == Counts(statements=1, round_trips=1)


def test_a_long_answer_is_one_statement(wire, connection):
    rows = connection.execute("SELECT repeat('x', 1000) FROM generate_series(1, 999)")
    assert len(rows.fetchall()) == 999
    assert wire.counts() == Counts(statements=1, round_trips=1)


def test_all_connections_are_counted_together(wire, connection):
    before = wire.counts()
    at = databases.server()
    with psycopg.connect(
        dbname="postgres", user=at["USER"], host=str(wire.directory), autocommit=True
    ) as other:
        other.execute("SELECT 1")
    connection.execute("SELECT 1")
    assert wire.counts() - before == Counts(statements=2, round_trips=2)


def test_messages_are_told_from_any_pieces_that_they_come_in():
    start_up = b"\x00\x00\x00\x08\x00\x03\x00\x00"
    query = b"Q\x00\x00\x00\x0dSELECT 1\x00"
    sync = b"S\x00\x00\x00\x04"
    bytes_one_by_one = [bytes([byte]) for byte in start_up + query + sync]
    for pieces in ([start_up + query + sync], bytes_one_by_one):
        messages = Messages(begins_with_a_type=False)
        assert [kind for p in pieces for kind in messages.of(p)] == [b"Q", b"S"]

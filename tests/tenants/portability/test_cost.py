"""PRT-1: what an export costs depends on its tenant alone, and it is of one instant."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leave.models import LeaveRequest
from tenants.context import use
from tests import twins
from tests.tenants.portability.conftest import entries, out


@pytest.fixture
def statements(world) -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured


def test_prt_1_an_export_takes_a_few_statements_for_all_tables(
    statements, tmp_path
) -> None:
    out("acme", tmp_path / "x")
    inside = [query["sql"] for query in statements if "COPY" not in query["sql"]]
    # The lock, the row and what is agreed, the instant, tables, sequences, files, book.
    assert len(inside) <= 26, inside


def test_prt_1_no_statement_asks_for_the_tables_of_others(
    world, globex_names, tmp_path
) -> None:
    with CaptureQueriesContext(connection) as captured:
        out("acme", tmp_path / "x")
    text = " ".join(query["sql"] for query in captured)
    assert not [name for name in globex_names if name in text]


@pytest.fixture
def globex_names(world) -> list[str]:
    info = twins.info("globex")
    return [info.schema_name, info.db_role, str(info.uuid)]


def test_prt_1_an_export_is_quick(world, tmp_path) -> None:
    out("acme", tmp_path / "warm")
    begun = time.perf_counter()
    out("acme", tmp_path / "x")
    took = time.perf_counter() - begun
    print(f"export took {took * 1000:.0f} ms")
    assert took < 1.0


def test_prt_1_foreign_rows_cannot_be_contained(world, tmp_path) -> None:
    out("acme", tmp_path / "x")
    for name, body in entries(tmp_path / "x").items():
        assert b"globex" not in body.lower(), name

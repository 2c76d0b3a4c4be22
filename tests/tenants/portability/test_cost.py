"""PRT-1: what an export costs depends on its tenant alone, and it is of one instant."""

import errno
import os
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg import sql

from kernel.errors import ApplicationError
from tenants.advisory import half
from tenants.context import use
from tenants.portability.export import export
from tenants.states import State, change_state
from tests import databases, twins
from tests.tenants.portability.conftest import entries, out, tenant


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
    assert took < 1.0


def test_prt_1_foreign_rows_cannot_be_contained(world, tmp_path) -> None:
    out("acme", tmp_path / "x")
    for name, body in entries(tmp_path / "x").items():
        assert b"globex" not in body.lower(), name


def test_prt_1_what_is_written_meanwhile_is_not_in_the_archive(world, tmp_path) -> None:
    """Of two rows in one commit, no archive has one alone."""
    schema = twins.info("acme").schema_name
    said: list[str] = []

    def write(what: str, done: int, of: int) -> None:
        said.append(what)
        with databases.server(databases.working()) as there, there.transaction():
            for table in ("auth_group", "workflow_application"):
                columns = ("name",) if table == "auth_group" else ("url", "tenant_id")
                values = [f"LATECOMER {done} {what}"[:100], "x"][: len(columns)]
                there.execute(
                    sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                        sql.Identifier(schema, table),
                        sql.SQL(", ").join(map(sql.Identifier, columns)),
                        sql.SQL(", ").join(map(sql.Literal, values)),
                    )
                )

    export(tenant("acme"), output=tmp_path / "x", by="tests", said=write)
    assert len(said) > 40
    assert not [
        n for n, body in entries(tmp_path / "x").items() if b"LATECOMER" in body
    ]
    with use(tenant("acme")):
        assert Group.objects.filter(name__startswith="LATECOMER").count() == len(said)
        Group.objects.filter(name__startswith="LATECOMER").delete()


def test_one_export_at_a_time_of_a_tenant(world, tmp_path) -> None:
    keys = half(tenant("acme").uuid.bytes), half(b"portability.export")
    with databases.server(databases.working()) as there:
        there.execute("SELECT pg_advisory_lock(%s, %s)", keys)
        with pytest.raises(ApplicationError) as caught:
            out("acme", tmp_path / "x")
        assert caught.value.code == "tenant_busy"
        out("globex", tmp_path / "y")
    out("acme", tmp_path / "x")


def test_a_stopped_tenant_is_exported_by_the_owner(world, tmp_path) -> None:
    out("globex", tmp_path / "before")
    change_state(tenant("globex"), State.SUSPENDED, reason="Unpaid.", by="tests")
    try:
        out("globex", tmp_path / "after")
    finally:
        change_state(tenant("globex"), State.ACTIVE, reason="Paid.", by="tests")
    before, after = (entries(tmp_path / name, "data/") for name in ("before", "after"))
    assert before == after


def test_a_file_that_is_there_is_not_overwritten(world, tmp_path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ApplicationError) as caught:
        out("acme", tmp_path / "x")
    assert caught.value.code == "file_exists"
    assert (tmp_path / "x").read_text() == "mine"


def test_an_archive_is_written_where_there_are_no_links(
    world, tmp_path, monkeypatch
) -> None:
    def without_links(*_args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", without_links)
    out("acme", tmp_path / "x")
    with pytest.raises(ApplicationError) as caught:
        out("acme", tmp_path / "x")
    assert caught.value.code == "file_exists"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert "manifest.json" in entries(tmp_path / "x")


def test_an_archive_is_for_its_owner_alone(acme_file) -> None:
    assert acme_file.stat().st_mode & 0o077 == 0


def test_prt_2_a_file_that_no_row_names_is_told_and_stays(world, tmp_path) -> None:
    with use(tenant("acme")):
        default_storage.save("stray.txt", ContentFile(b"whose?"))
    done = out("acme", tmp_path / "x")
    assert done.manifest.unreferenced == ("stray.txt",)
    assert "files/stray.txt" not in entries(tmp_path / "x")
    with use(tenant("acme")):
        default_storage.delete("stray.txt")

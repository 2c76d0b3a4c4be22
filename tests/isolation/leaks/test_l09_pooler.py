"""L9: a transaction pooler hands over another tenant's connection state."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection

from tenants.context import TenantInfo, use, use_control
from tenants.db import pooling
from tenants.db.base import DatabaseWrapper
from tests.tenants import pooler

NOW = "SELECT current_schema(), current_user"


@pytest.fixture
def directory(db) -> Iterator[Path]:
    """Return the directory of a pooler's socket, short enough for one."""
    server = Path(connection.settings_dict["HOST"]) / ".s.PGSQL.5432"
    with (
        tempfile.TemporaryDirectory(prefix="pooler-") as name,
        pooler.running(str(server), Path(name)),
    ):
        yield Path(name)


@pytest.fixture
def behind(directory, settings) -> Iterator[Callable[[str], DatabaseWrapper]]:
    """Return a maker of clients of the pooler, in one of the modes."""
    made: list[DatabaseWrapper] = []

    def make(mode: str) -> DatabaseWrapper:
        settings.TENANTRY_POOLING = mode
        values = {**connection.settings_dict, "HOST": str(directory)}
        made.append(DatabaseWrapper(values, alias=f"behind-{len(made)}"))
        return made[-1]

    yield make
    with use_control():
        for client in made:
            client.close()


def now(client: DatabaseWrapper) -> tuple[str, str]:
    with client.cursor() as cursor:
        cursor.execute(NOW)
        return cursor.fetchone()


def of(tenant: TenantInfo) -> tuple[str, str]:
    return tenant.schema_name, tenant.db_role


def test_by_transaction_every_statement_is_the_tenants(behind, acme, globex) -> None:
    first, second = behind("transaction"), behind("transaction")
    for _round in range(10):
        for client, tenant in ((first, acme), (second, globex), (first, globex)):
            with use(tenant):
                assert now(client) == of(tenant)
                assert now(client) == of(tenant)


def test_by_transaction_a_whole_transaction_is_the_tenants(
    behind, acme, globex
) -> None:
    first, second = behind("transaction"), behind("transaction")
    with use(acme):
        first.set_autocommit(False)
        assert now(first) == of(acme)
    with use(globex):
        assert now(second) == of(globex)
    with use(acme):
        assert now(first) == of(acme)
        first.commit()
        assert now(first) == of(acme)
        first.rollback()
        first.set_autocommit(True)
    with use(globex):
        assert now(first) == of(globex)


def test_by_transaction_nothing_stays_on_the_servers_connections(
    behind, directory, acme
) -> None:
    client = behind("transaction")
    with use(acme):
        for _number in range(4):
            now(client)
    with bare(directory) as other:
        for _number in range(4):
            assert other.execute(NOW).fetchone()[1] == connection.settings_dict["USER"]


def test_by_transaction_a_statement_that_fails_leaves_nothing_behind(
    behind, acme
) -> None:
    client = behind("transaction")
    with use(acme):
        for _number in range(3):
            with pytest.raises(ProgrammingError), client.cursor() as cursor:
                cursor.execute("SELECT * FROM nowhere")
            with pytest.raises(IntegrityError), client.cursor() as cursor:
                cursor.execute("INSERT INTO auth_group (id, name) VALUES (1, NULL)")
            assert now(client) == of(acme)


def test_by_transaction_a_single_statement_is_kept(behind, acme) -> None:
    client = behind("transaction")
    with use(acme), client.cursor() as cursor:
        cursor.execute("INSERT INTO auth_group (name) VALUES ('kept')")
        assert cursor.rowcount == 1
    with use(acme), client.cursor() as cursor:
        cursor.execute(
            "DELETE FROM auth_group WHERE name = %s RETURNING name", ["kept"]
        )
        assert cursor.fetchall() == [("kept",)]


def test_by_transaction_no_plan_is_kept_on_a_connection_that_others_get(
    behind, acme, globex
) -> None:
    first, second = behind("transaction"), behind("transaction")
    for _round in range(8):
        for client, tenant in ((first, acme), (second, globex), (second, acme)):
            with use(tenant), client.planned_cursor() as cursor:
                cursor.execute(NOW)
                assert cursor.fetchone() == of(tenant)
    with use(acme), first.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


def test_told_that_it_stands_alone_the_same_pooler_leaks(behind, acme, globex) -> None:
    """The negative control: so the pooler is one, and the mode is what helps."""
    first, second = behind("direct"), behind("direct")
    with use(acme):
        now(first)
    with use(globex):
        now(second)
    with use(acme):
        seen = [now(first) for _number in range(4)]
    assert any(answer != of(acme) for answer in seen)


def test_a_pooler_that_nobody_told_of_is_found_out(directory, settings) -> None:
    settings.TENANTRY_POOLING = "direct"
    with pytest.raises(pooling.UnsafePooler, match="TENANTRY_POOLING=transaction"):
        pooling.require_honest(lambda: bare(directory))
    settings.TENANTRY_POOLING = "transaction"
    pooling.require_honest(lambda: bare(directory))


def test_without_a_pooler_all_is_well(db, settings) -> None:
    settings.TENANTRY_POOLING = "direct"
    pooling.require_honest(lambda: bare(Path(connection.settings_dict["HOST"])))


def bare(host: Path) -> psycopg.Connection:
    values = connection.settings_dict
    return psycopg.connect(
        host=str(host), dbname=values["NAME"], user=values["USER"], autocommit=True
    )

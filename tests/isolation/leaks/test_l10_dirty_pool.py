"""L10: a pooled connection comes back with something of the tenant before."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, InterfaceError, connection, transaction

from tenants.context import use, use_control
from tenants.db import pool
from tenants.db.base import DatabaseWrapper
from tenants.testing.interleave.pooled import shut

LEFT = """
SELECT current_user = session_user, current_setting('search_path'),
       coalesce(current_setting('app.tenant', true), ''),
       current_setting('statement_timeout'), current_setting('lock_timeout'),
       current_setting('work_mem'), current_setting('TimeZone'),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND pid = pg_backend_pid()),
       (SELECT count(*) FROM pg_listening_channels()),
       (SELECT count(*) FROM pg_cursors)
"""
CLEAN = (True, "", "", "0", "0", "4MB", "UTC", 0, 0, 0)


@pytest.fixture
def pooled(db) -> Iterator[DatabaseWrapper]:
    """Return a database wrapper with a pool of one connection."""
    wrapper = pooled_wrapper({"min_size": 1, "max_size": 1, "timeout": 10})
    yield wrapper
    shut(wrapper)


def pooled_wrapper(options: Any) -> DatabaseWrapper:
    settings = {
        **connection.settings_dict,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {**connection.settings_dict["OPTIONS"], "pool": options},
    }
    return DatabaseWrapper(settings, alias=f"pooled-{id(settings)}")


def left(wrapper: DatabaseWrapper) -> tuple[Any, ...]:
    """Return what the next borrower finds on the connection."""
    with wrapper.pool.connection() as bare:
        assert bare.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        return bare.execute(LEFT).fetchone()


def run(wrapper: DatabaseWrapper, statement: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute(statement)


def works(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "SELECT count(*) FROM accounts_user")


def sets(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "SET work_mem = '8MB'")
    run(wrapper, "SET TIME ZONE 'Asia/Tokyo'")


def locks(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "SELECT pg_advisory_lock(1, 2)")


def listens(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "LISTEN loot")


def fails(wrapper: DatabaseWrapper) -> None:
    with suppress(Error):
        run(wrapper, "SELECT 1 / 0")


def leaves_a_transaction_open(wrapper: DatabaseWrapper) -> None:
    wrapper.set_autocommit(False)
    run(wrapper, "SET LOCAL work_mem = '8MB'")


def leaves_a_failed_transaction(wrapper: DatabaseWrapper) -> None:
    leaves_a_transaction_open(wrapper)
    fails(wrapper)


def declares(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "DECLARE loot CURSOR WITH HOLD FOR SELECT email FROM accounts_user")


def moves(wrapper: DatabaseWrapper) -> None:
    run(wrapper, "SET search_path TO public")


ACTS: tuple[Callable[[DatabaseWrapper], None], ...] = (
    works,
    sets,
    locks,
    listens,
    fails,
    declares,
    moves,
    leaves_a_transaction_open,
    leaves_a_failed_transaction,
)


@pytest.mark.parametrize("act", ACTS)
def test_nothing_of_a_tenant_is_left_on_a_connection(pooled, acme, act) -> None:
    with use(acme):
        works(pooled)
        act(pooled)
        pooled.close()
    assert left(pooled) == CLEAN


def test_whatever_went_wrong_the_next_tenant_gets_a_clean_connection(
    pooled, acme, globex
) -> None:
    dice = random.Random(20)
    for _round in range(40):
        tenant = dice.choice((acme, globex))
        with use(tenant):
            for act in dice.choices(ACTS, k=3):
                with suppress(Error, transaction.TransactionManagementError):
                    act(pooled)
            pooled.close()
        assert left(pooled) == CLEAN
        with use(acme), pooled.cursor() as cursor:
            cursor.execute("SELECT current_schema(), current_user")
            assert cursor.fetchone() == (acme.schema_name, acme.db_role)
        with use_control():
            pooled.close()


def test_a_connection_in_error_is_closed_and_replaced(pooled, acme) -> None:
    with use(acme):
        leaves_a_failed_transaction(pooled)
        before = pooled.connection.info.backend_pid
        pooled.close()
    with pooled.pool.connection() as bare:
        assert bare.info.backend_pid != before


def test_a_cursor_does_not_outlive_the_loan_of_its_connection(pooled, acme) -> None:
    with use(acme):
        stale = pooled.cursor()
        pooled.close()
    with use(acme), pytest.raises(InterfaceError, match="closed"):
        stale.execute("SELECT current_user")
    with use(acme), pytest.raises(InterfaceError, match="closed"):
        stale.copy("COPY accounts_user TO STDOUT")


def test_a_pool_with_a_reset_of_its_own_is_refused(db, acme) -> None:
    wrapper = pooled_wrapper({"reset": lambda bare: None})
    with use(acme), pytest.raises(ImproperlyConfigured, match="reset"):
        wrapper.cursor()


def test_without_the_reset_the_next_borrower_would_be_the_tenant(
    pooled, acme, monkeypatch
) -> None:
    """The negative control: so it is the reset that cleans."""
    monkeypatch.setattr(pool, "CLEAN", ())
    with use(acme):
        works(pooled)
        pooled.close()
    assert left(pooled)[0] is False

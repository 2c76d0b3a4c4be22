"""A backend keeps what it learned of each tenant, so none works for too many."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import close_old_connections, connection, transaction

from kernel import clock
from tenants import scheduler
from tenants.context import TenantInfo, use, use_control
from tenants.db import wear
from tenants.scheduling import wake_ups
from tests.isolation.leaks.test_l10_dirty_pool import pooled_wrapper
from tests.tenants import due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _kept(settings) -> Iterator[None]:
    """Keep the connection between requests, as it is outside of tests."""
    before = connection.settings_dict["CONN_MAX_AGE"]
    connection.settings_dict["CONN_MAX_AGE"] = 60
    connection.close()
    yield
    connection.settings_dict["CONN_MAX_AGE"] = before
    connection.close()


def backend() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("SELECT pg_backend_pid()").fetchone()[0])


def backend_of(tenant: TenantInfo) -> int:
    with use(tenant):
        return backend()


def test_noi_5_a_connection_ends_after_200_tenants_between_two_requests(
    acme, globex, monkeypatch
) -> None:
    assert wear.MOST_TENANTS == 200
    monkeypatch.setattr(wear, "MOST_TENANTS", 2)
    first = backend_of(acme)
    assert backend_of(replace(acme, generation=7)) == first  # no other tenant
    close_old_connections()
    assert backend_of(globex) == first
    assert backend_of(acme) == first  # the request goes on
    close_old_connections()
    assert backend_of(acme) != first


def test_noi_5_a_connection_ends_after_30_minutes_whatever_the_settings_say(
    acme, monkeypatch
) -> None:
    assert wear.LONGEST_SECONDS == 1800
    connection.settings_dict["CONN_MAX_AGE"] = None
    first = backend_of(acme)
    close_old_connections()
    assert backend_of(acme) == first
    monkeypatch.setattr(wear, "LONGEST_SECONDS", 0.0)
    close_old_connections()
    assert backend_of(acme) != first


def test_noi_5_a_pool_lends_no_worn_connection_again(acme, globex, monkeypatch) -> None:
    monkeypatch.setattr(wear, "MOST_TENANTS", 2)
    wrapper = pooled_wrapper({"min_size": 1, "max_size": 1, "timeout": 10})

    def borrowed(tenant: TenantInfo) -> int:
        with use(tenant), wrapper.cursor() as cursor:
            found = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
        wrapper.close()
        return int(found)

    try:
        first = borrowed(acme)
        assert borrowed(globex) == first
        assert borrowed(acme) != first
    finally:
        wrapper.close_pool()


def test_noi_5_a_run_over_many_tenants_changes_its_connection_between_two(
    acme, globex, monkeypatch, settings, frozen_clock
) -> None:
    due.become_the_only_source(settings)
    monkeypatch.setattr(wear, "MOST_TENANTS", 1)
    connection.close()
    used: list[int] = []
    monkeypatch.setattr(due, "run_due", lambda limit: used.append(backend()) or 0)
    with use_control():
        wake_ups.lower(acme.uuid, clock.now())
        wake_ups.lower(globex.uuid, clock.now())
        taken = wake_ups.take(2)
    scheduler.run_batch(taken)
    assert len(set(used)) == len(taken) == 2


def test_no_connection_ends_inside_a_transaction(acme, globex, monkeypatch) -> None:
    monkeypatch.setattr(wear, "MOST_TENANTS", 1)
    with use(acme), transaction.atomic():
        first = backend()
        wear.renew()
        assert backend() == first


def test_noi_4_the_guide_says_what_statements_of_many_tenants_cost() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    about = guide.partition("## What many tenants cost the database")[2].split("\n## ")[
        0
    ]
    for word in ("pg_stat_statements.max", "dealloc", "PostgreSQL 18"):
        assert word in about

"""Statements whose plans the server keeps are still each tenant's own."""

import pytest
from django.db import connection

from tenants.context import NoTenantError, use
from tenants.db.base import MOST_PLANNED, PLANNED_AFTER
from tenants.db.planned import planned_cursor

WHERE = "SELECT current_schema(), current_user, %s::text"
NAMES = "SELECT statement FROM pg_prepared_statements"


def where(word: str = "") -> tuple[str, str]:
    with planned_cursor() as cursor:
        cursor.execute(WHERE, [word])
        return cursor.fetchone()[:2]


def kept() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(NAMES)
        return [row[0] for row in cursor.fetchall()]


def test_a_plan_that_was_kept_reads_the_tenant_that_asks(acme, globex):
    for _ in range(PLANNED_AFTER + 2):
        for tenant in (acme, globex):
            with use(tenant):
                assert where() == (tenant.schema_name, tenant.db_role)
    with use(acme):
        assert where() == (acme.schema_name, acme.db_role)
    with use(globex):
        assert where() == (globex.schema_name, globex.db_role)


def test_each_tenant_has_a_plan_of_its_own(acme, globex):
    for tenant in (acme, globex):
        with use(tenant):
            for _ in range(PLANNED_AFTER + 1):
                where()
    with use(acme):
        mine = [text for text in kept() if "current_schema" in text]
    assert len(mine) == len(set(mine)) == 2


def test_a_statement_that_comes_once_is_not_kept(acme):
    with use(acme):
        where()
        assert not [text for text in kept() if "current_schema" in text]


def test_a_connection_keeps_a_bounded_number_of_plans(acme):
    with use(acme):
        for number in range(MOST_PLANNED + 10):
            for _ in range(PLANNED_AFTER + 1):
                with planned_cursor() as cursor:
                    cursor.execute(f"SELECT {number}, %s::text", [""])
        # The last one too many goes with the next statement.
        assert len(kept()) <= MOST_PLANNED + 1


def test_without_a_tenant_nothing_is_sent():
    with pytest.raises(NoTenantError):
        where()


def test_values_stay_values(acme):
    text = "'; DROP SCHEMA public; -- */ %s"
    with use(acme), planned_cursor() as cursor:
        for _ in range(PLANNED_AFTER + 2):
            cursor.execute("SELECT %(word)s::text", {"word": text})
            assert cursor.fetchone() == (text,)


def test_a_schema_cannot_end_the_comment_that_names_it(acme):
    from dataclasses import replace

    with pytest.raises(ValueError, match="no tenant's schema"):
        replace(acme, schema_name="t_x */ SELECT 1; /*")

"""Plans: what a tenant's statements may take, and when a change is in force."""

import pytest
from django.db import connection

from tenants import lookup
from tenants.context import Allowed, Limits
from tenants.models import (
    Feature,
    Plan,
    Quota,
    Tenant,
    TenantFeature,
    TenantQuota,
)


@pytest.fixture
def small(in_control) -> Plan:
    """A plan of little, with acme on it."""
    plan = Plan.objects.create(
        code="small",
        name="Small",
        statement_timeout_ms=150,
        lock_timeout_ms=70,
        requests_per_minute=60,
    )
    Quota.objects.create(plan=plan, resource="seats", limit=5)
    Quota.objects.create(plan=plan, resource="api_tokens", limit=2, hard=False)
    Feature.objects.create(plan=plan, code="reports")
    Feature.objects.create(plan=plan, code="colour", value={"name": "red"})
    Tenant.objects.filter(slug="acme").update(plan=plan)
    return plan


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT current_setting('{name}')")
        return str(cursor.fetchone()[0])


def test_a_tenant_carries_what_its_plan_and_its_own_rows_say(small):
    acme = Tenant.objects.get(slug="acme")
    TenantQuota.objects.create(tenant=acme, resource="seats", limit=7)
    TenantQuota.objects.create(tenant=acme, resource="storage_bytes", limit=10)
    TenantFeature.objects.create(tenant=acme, code="reports", value=False)
    wanted = Limits(
        plan="small",
        statement_timeout_ms=150,
        lock_timeout_ms=70,
        requests_per_minute=60,
        quotas=(
            Allowed("api_tokens", 2, hard=False),
            Allowed("seats", 7),
            Allowed("storage_bytes", 10),
        ),
        features=(("colour", '{"name": "red"}'), ("reports", "false")),
    )
    found = lookup.by_uuid(acme.uuid)
    assert found is not None
    assert found.limits == wanted
    assert acme.info().limits == wanted
    assert lookup.by_host("acme.localhost") == acme.info()
    hash(found)


def test_a_look_up_with_all_limits_is_one_statement(small, django_assert_num_queries):
    uuid = Tenant.objects.get(slug="acme").uuid
    with django_assert_num_queries(1):
        assert lookup.by_uuid(uuid).limits.plan == "small"
    with django_assert_num_queries(1):
        assert lookup.by_host("acme.localhost").limits.plan == "small"

"""Plans: what a tenant's statements may take, and when a change is in force."""

import select
import time

import pytest
from django.db import InternalError, OperationalError, connection, transaction
from django.db.models import ProtectedError

from kernel.translation import translated
from tenants import context, directory, listener, lookup
from tenants.context import Allowed, Limits, use, use_control
from tenants.db import base
from tenants.models import (
    Feature,
    Plan,
    Quota,
    Tenant,
    TenantFeature,
    TenantQuota,
)
from tenants.plans import choosing
from tests import twins


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
        plan_name="Small",
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


# Statements


def given_up(seconds: float = 5) -> str:
    """Return the code of the refusal of a statement that takes so long."""
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
    error = translated(caught.value)
    assert error is not None
    assert error.status == 503
    assert error.headers["Retry-After"] == "5"
    return error.code


@pytest.mark.django_db(transaction=True)
def test_db_3_a_statement_is_given_up_in_the_time_of_its_tenants_plan():
    with use_control():
        small = Plan.objects.create(
            code="small", name="Small", statement_timeout_ms=60, lock_timeout_ms=40
        )
        acme = choosing.put_on(
            Tenant.objects.get(slug="acme"), small, by="tests"
        ).info()
        globex = twins.info("globex")
    with use(acme):
        assert given_up() == "query_timeout"
        waits = (setting("statement_timeout"), setting("lock_timeout"))
        assert waits == ("60ms", "40ms")
    with use(globex), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")
        assert setting("statement_timeout") == "30s"
    with use(acme):  # on a connection that was another's
        assert given_up() == "query_timeout"


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_changes_is_in_force_on_the_same_connection():
    with use_control():
        plan = Plan.objects.create(code="p", name="P", statement_timeout_ms=1_000)
        tenant = choosing.put_on(Tenant.objects.get(slug="acme"), plan, by="tests")
    with use(tenant):
        assert setting("statement_timeout") == "1s"
    with use_control():
        Plan.objects.update(statement_timeout_ms=50)
    with use(twins.info("acme")):
        assert given_up() == "query_timeout"


def rest() -> None:
    """Wait in a transaction until the server has ended it, and go on then."""
    with use(twins.info("acme")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        select.select([connection.connection.fileno()], [], [], 10)
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_a_tenant_that_rests_is_ended(settings):
    base.waits.cache_clear()
    settings.TENANTRY_IDLE_TRANSACTION_TIMEOUT_MS = 30
    try:
        with pytest.raises(InternalError) as caught:
            rest()
    finally:
        base.waits.cache_clear()
        connection.close()
    error = translated(caught.value)
    assert error is not None
    assert (error.status, error.code) == (503, "query_timeout")
    with use_control():
        assert setting("idle_in_transaction_session_timeout") == "0"


@pytest.mark.django_db(transaction=True)
def test_no_plan_limits_the_owner_of_the_tables():
    with use_control():
        plan = Plan.objects.create(code="p", name="P", statement_timeout_ms=50)
        tenant = choosing.put_on(Tenant.objects.get(slug="acme"), plan, by="tests")
        owner = context.as_owner(tenant)
        bound = context.as_owner(tenant, lock_timeout_ms=70, statement_timeout_ms=80)
    with use(owner):
        assert setting("statement_timeout") == "0"
    with use(bound):
        assert setting("lock_timeout") == "70ms"
        connection.cursor().execute("SET statement_timeout = 0")
        assert setting("statement_timeout") == "80ms"


# Changes


def limits_in_force() -> Limits:
    found = directory.find("acme.localhost")
    assert found is not None
    return found.tenant.limits


@pytest.mark.django_db(transaction=True)
def test_sta_6_another_plan_is_in_force_within_a_second(settings):
    settings.TENANTRY_LISTEN = True
    directory.empty()
    assert limits_in_force().plan == ""
    give_up = time.monotonic() + 10
    while not listener.connected() and time.monotonic() < give_up:
        time.sleep(0.01)
    assert limits_in_force().plan == ""
    started = time.monotonic()
    buy()
    while limits_in_force().plan != "bought":
        assert time.monotonic() - started < 1
        time.sleep(0.01)
    listener.stop()


def buy() -> None:
    """Change the plan as another process does: nothing here is told but by the word."""
    with use_control():
        plan = Plan.objects.bulk_create([Plan(code="bought", name="Bought")])[0]
        Tenant.objects.filter(slug="acme").update(plan=plan)


def test_who_is_put_on_no_plan_keeps_what_is_agreed_for_it_alone(small):
    tenant = Tenant.objects.get(slug="acme")
    TenantQuota.objects.create(tenant=tenant, resource="seats", limit=7)
    limits = choosing.put_on(tenant, None, by="tests").info().limits
    assert limits == Limits(quotas=(Allowed("seats", 7),))


def test_a_plan_that_tenants_are_on_is_not_deleted(small):
    with pytest.raises(ProtectedError):
        small.delete()

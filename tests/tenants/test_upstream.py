"""django-tenants' own ways to enter a tenant, bound anew to safe ones (CTX-12).

That threads do not meet in them is shown in isolation/leaks, L01 and L02.
"""

import asyncio
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django_tenants import utils
from django_tenants.management.commands import collectstatic_schemas
from django_tenants.models import TenantMixin

from tenants.carrying import upstream
from tenants.context import (
    CONTROL,
    NoTenantError,
    TenantSwitchInTransaction,
    current,
    current_or_none,
    use,
    use_control,
)
from tenants.errors import TenantUnknown
from tenants.models import Tenant

#: Upstream's names, as an app finds them.
schema_context = vars(utils)["schema_context"]
tenant_context = vars(utils)["tenant_context"]


def where() -> str | None:
    context = current_or_none()
    return context.schema_name if context else None


def test_upstreams_names_are_ours_wherever_they_were_imported() -> None:
    assert schema_context is upstream.Context
    assert tenant_context is upstream.Context
    assert collectstatic_schemas.tenant_context is upstream.Context
    assert TenantMixin.__enter__ is upstream.enter_row
    assert TenantMixin.__exit__ is upstream.leave_row
    assert {name for _, name in upstream.ORIGINALS} == set(upstream.SAFE)
    for (owner, name), original in upstream.ORIGINALS.items():
        assert vars(owner)[name] is not original


def test_installing_again_changes_nothing() -> None:
    before = dict(upstream.ORIGINALS)
    upstream.install()
    assert before == upstream.ORIGINALS
    assert vars(utils)["schema_context"] is upstream.Context


def test_a_schemas_name_leads_to_its_tenant_and_back(acme, globex) -> None:
    with use(globex):
        with schema_context(acme.schema_name):
            assert current() == acme
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_schema()")
                assert cursor.fetchone() == (acme.schema_name,)
        assert current() == globex
    with schema_context(acme.schema_name, database="default"):
        assert current() == acme
    assert current_or_none() is None


def test_public_is_the_control_plane_and_leads_back_to_nothing(acme) -> None:
    with schema_context("public"):
        assert current() is CONTROL
    assert current_or_none() is None


def test_a_schema_of_nobody_is_refused(acme) -> None:
    with (
        use(acme),
        pytest.raises(TenantUnknown, match="t_nobody"),
        schema_context("t_nobody"),
    ):
        pass
    assert current_or_none() is None


def test_a_tenant_context_takes_rows_values_and_upstreams_fakes(
    acme, tenant_row
) -> None:
    fake = SimpleNamespace(schema_name=acme.schema_name)
    for tenant in (tenant_row("acme"), acme, fake):
        with tenant_context(tenant):
            assert current() == acme
    with tenant_context(CONTROL):
        assert current() is CONTROL
    assert current_or_none() is None


def test_a_decorated_function_enters_at_each_call(acme, globex) -> None:
    inside = tenant_context(acme)(where)
    by_name = schema_context(acme.schema_name)(where)
    with use(globex):
        assert [inside(), by_name(), where()] == [
            acme.schema_name,
            acme.schema_name,
            globex.schema_name,
        ]


def test_a_decorated_function_that_calls_itself_comes_back(acme, globex) -> None:
    @tenant_context(acme)
    def inside(depth: int) -> list[str | None]:
        if depth:
            with use(globex):
                return [where(), *inside(depth - 1), where()]
        return [where()]

    names = [globex.schema_name] * 2 + [acme.schema_name] + [globex.schema_name] * 2
    with use(globex):
        assert inside(2) == names
        assert where() == globex.schema_name


def test_an_error_leads_back_as_well(acme, globex, tenant_row) -> None:
    row = tenant_row("acme")
    for block in (schema_context(acme.schema_name), tenant_context(acme), row):
        with use(globex):
            with pytest.raises(AttributeError, match="slug_of_acme"), block:
                getattr(current(), f"slug_of_{current().slug}")
            assert current() == globex


def test_one_block_may_be_used_again_and_inside_itself(acme, globex) -> None:
    block = tenant_context(acme)
    with block, use(globex), block:
        assert current() == acme
    with block:
        assert current() == acme
    assert current_or_none() is None


def test_a_row_as_a_block_nests_and_returns_itself(acme, tenant_row) -> None:
    mine, theirs = tenant_row("acme"), tenant_row("globex")
    with mine as entered:
        assert entered is mine
        with theirs, mine:
            assert where() == mine.schema_name
        assert where() == mine.schema_name
    assert current_or_none() is None


def test_a_decorated_coroutine_is_inside_to_its_end(acme) -> None:
    @tenant_context(acme)
    async def later() -> str | None:
        await asyncio.sleep(0)
        return where()

    assert asyncio.run(later()) == acme.schema_name


def test_a_generator_cannot_be_decorated(acme) -> None:
    with pytest.raises(TypeError, match="is a generator"):

        @tenant_context(acme)
        def rows():
            yield where()


def test_an_open_transaction_is_not_left_by_upstreams_ways(
    acme, globex, tenant_row
) -> None:
    row = tenant_row("globex")
    with use(acme), transaction.atomic():
        connection.cursor().execute("SELECT 1")
        for block in (tenant_context(globex), schema_context("public"), row):
            with pytest.raises(TenantSwitchInTransaction), block:
                pass
        with schema_context(acme.schema_name):
            assert current() == acme
        assert current() == acme


def test_activate_enters_and_deactivate_leaves_for_nothing(acme, tenant_row) -> None:
    row = tenant_row("acme")
    with use_control():
        row.activate()
        assert current() == acme
        type(row).deactivate()
        with pytest.raises(NoTenantError):
            current()


def test_upstream_reads_the_tenant_of_the_context(acme) -> None:
    assert utils.get_current_tenant() is None
    with use(acme):
        assert utils.get_current_tenant() == acme


def test_a_row_whose_schema_is_another_tenants_by_now_enters_nobody(
    acme, globex
) -> None:
    with use_control():
        row = Tenant.objects.get(slug="acme")
    row.schema_name = globex.schema_name
    with pytest.raises(TenantUnknown), upstream.Context(row):
        pass

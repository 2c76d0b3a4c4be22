"""L02: the one object of a context decorator, shared by all calls of its function.

CTX-5: as a decorator, `use` makes a new block at each call.
"""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from django_tenants import utils

from tenants.carrying import upstream
from tenants.context import TenantInfo, current_or_none, use, use_control
from tests.isolation.leaks.crossing import crossing, where

#: Upstream's names, as an app finds them.
schema_context = vars(utils)["schema_context"]
tenant_context = vars(utils)["tenant_context"]


@pytest.fixture
def newcomer(acme) -> TenantInfo:
    """Return a third tenant, which the decorated function works for."""
    return replace(acme, uuid=UUID(int=7), slug="newcomer", schema_name="t_newcomer")


def meeting(decorator, schema: str):
    """Return a decorated function in which two threads wait for each other."""

    @decorator
    def meet(wait) -> None:
        assert wait()
        assert where() == schema

    return meet


def test_two_threads_in_a_function_decorated_with_use_do_not_swap(
    acme, globex, newcomer
) -> None:
    meet = meeting(use(newcomer), "t_newcomer")
    assert crossing(meet, acme, globex) == [acme.schema_name, globex.schema_name]
    assert crossing(meet, globex, acme) == [globex.schema_name, acme.schema_name]


def test_two_threads_in_a_function_of_the_control_plane_do_not_swap(acme, globex):
    meet = meeting(use_control(), "public")
    assert crossing(meet, acme, globex) == [acme.schema_name, globex.schema_name]


@pytest.mark.parametrize("kind", ["tenant", "schema", "public"])
def test_two_threads_in_a_function_decorated_in_upstreams_way_do_not_swap(
    acme, globex, newcomer, kind: str
) -> None:
    decorator, schema = {
        "tenant": (tenant_context(newcomer), "t_newcomer"),
        "schema": (schema_context(acme.schema_name), acme.schema_name),
        "public": (schema_context("public"), "public"),
    }[kind]
    meet = meeting(decorator, schema)
    assert crossing(meet, acme, globex) == [acme.schema_name, globex.schema_name]


@pytest.mark.parametrize("decorate", [use, tenant_context])
def test_two_tasks_in_a_decorated_coroutine_do_not_swap(
    acme, globex, newcomer, decorate
) -> None:
    async def together() -> list[str | None]:
        entered, both_entered, left = (asyncio.Event() for _ in range(3))

        @decorate(newcomer)
        async def meet(mine: asyncio.Event, theirs: asyncio.Event) -> None:
            mine.set()
            await theirs.wait()
            assert where() == "t_newcomer"

        async def leads() -> str | None:
            with use(acme):
                await meet(entered, both_entered)
                left.set()
                return where()

        async def follows() -> str | None:
            with use(globex):
                await entered.wait()
                await meet(both_entered, left)
                return where()

        return await asyncio.gather(leads(), follows())

    assert asyncio.run(together()) == [acme.schema_name, globex.schema_name]
    assert current_or_none() is None


def test_one_function_that_calls_itself_returns_to_each_caller(acme, globex) -> None:
    seen = []

    @use(acme)
    def inside(depth: int) -> None:
        seen.append(where())
        if depth:
            with use(globex):
                inside(depth - 1)
                seen.append(where())
        seen.append(where())

    inside(1)
    mine, theirs = acme.schema_name, globex.schema_name
    assert seen == [mine, mine, mine, theirs, mine]


def test_upstreams_decorator_would_swap_the_tenants(
    acme, globex, newcomer, monkeypatch
) -> None:
    """The negative control: upstream's own code, in the same schedule."""
    original = upstream.ORIGINALS[utils, "tenant_context"]
    meet = meeting(original(newcomer), "t_newcomer")
    assert crossing(meet, acme, globex)[0] == globex.schema_name

"""What a request costs whose host is remembered: no query, no context, no thread."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import resolvers

from tenants import directory
from tenants.context import current_or_none, use_control
from tenants.middleware import TenantMiddleware

pytestmark = pytest.mark.django_db(transaction=True)

ENTER, HERE = "SELECT set_config('search_path'", "SELECT current_schema()"


@pytest.fixture
def sent(monkeypatch) -> Callable[[], Any]:
    """Return what begins to collect every statement that leaves this process."""
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        parts = str(query).split(";")
        statements.extend(" ".join(part.split()) for part in parts)
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)

    @contextmanager
    def collect() -> Iterator[list[str]]:
        statements.clear()
        yield statements

    return collect


def kinds(statements: list[str]) -> list[str]:
    """Return the statements in short: context, look-up, or as they are."""
    return [
        "context" if ENTER in one else "look-up" if "tenants_domain" in one else one
        for one in statements
    ]


@pytest.fixture
def long_memory(settings) -> Iterator[None]:
    """Have answers live for 30 seconds, without a listener that adds its statements."""
    settings.TENANTRY_LISTEN = False
    directory.empty(told=True)
    yield
    directory.empty(told=False)


@pytest.fixture
def warm(acme, globex, own_routes, visitor, long_memory) -> None:
    """Have both hosts remembered, and the connection open."""
    for host in ("globex.localhost", "acme.localhost"):
        visitor(host).get("/here")


def test_the_first_request_costs_one_look_up_in_control(
    acme, own_routes, visitor, long_memory, sent
) -> None:
    visitor().get("/here")  # opens the connection
    directory.empty()
    with sent() as statements:
        visitor().get("/here")
    assert kinds(statements) == ["context", "look-up", "context", HERE]


def test_a_warm_request_to_the_same_tenant_costs_its_own_queries_only(
    warm, visitor, sent
) -> None:
    """HST-5; the connection is told nothing, either."""
    with sent() as statements:
        for _ in range(3):
            visitor().get("/here")
    assert kinds(statements) == [HERE] * 3


def test_a_warm_request_to_another_tenant_costs_one_context_more(
    warm, visitor, sent
) -> None:
    with sent() as statements:
        for host in ("globex.localhost", "acme.localhost", "acme.localhost"):
            visitor(host).get("/here")
    assert kinds(statements) == ["context", HERE, "context", HERE, HERE]


def test_a_spray_of_unknown_hosts_costs_one_look_up_each_and_then_none(
    warm, visitor, sent
) -> None:
    hosts = [f"nobody{number}.test" for number in range(5)]
    with sent() as statements:
        for host in (*hosts, *hosts, "acme.localhost"):
            visitor(host).get("/here")
    expected = ["context", *["look-up"] * 5, "context", HERE]
    assert kinds(statements) == expected


def test_what_is_not_even_a_name_costs_nothing(warm, visitor, sent) -> None:
    with sent() as statements:
        for host in ("", "[::1", "a@b", "x" * 3000, "-.test", "m0\x00.test"):
            assert visitor(host).get("/here", HTTP_HOST=host).status_code == 404
        assert visitor("localhost").get("/here").status_code == 200
    assert kinds(statements) == ["context", HERE]


def test_a_hot_look_up_needs_neither_context_nor_connection(acme, long_memory) -> None:
    directory.find("acme.localhost")
    connection.close()
    assert directory.find("acme.localhost").tenant == acme
    assert connection.connection is None
    assert current_or_none() is None


def test_in_a_transaction_nothing_remembered_is_believed(warm, sent) -> None:
    with use_control(), transaction.atomic(), sent() as statements:
        assert directory.find("acme.localhost")
        assert directory.find("acme.localhost")
    assert kinds(statements) == ["context", "look-up", "look-up"]


# Over ASGI


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns. Raises AssertionError where it waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("it waited for a thread")


async def here(request: Any) -> HttpResponse:
    return HttpResponse(str(current_or_none().slug))


def test_a_hot_look_up_of_a_coroutine_waits_for_no_thread(warm, acme) -> None:
    assert at_once(directory.find_later("acme.localhost")).tenant == acme


def test_a_warm_request_passes_the_middleware_without_a_thread(warm, rf) -> None:
    passed = TenantMiddleware(here)(rf.get("/", headers={"host": "acme.localhost"}))
    assert at_once(passed).content == b"acme"
    unknown = rf.get("/", headers={"host": "a@b"})
    assert at_once(TenantMiddleware(here)(unknown)).status_code == 404
    cold = TenantMiddleware(here)(rf.get("/", headers={"host": "nobody.test"}))
    with pytest.raises(RuntimeError, match="no running event loop"):
        at_once(cold)


# The routes (2.3, last row)


MIX = [
    ("acme.localhost", "/leave/"),
    ("globex.localhost", "/api/protected/me"),
    ("localhost", "/health/"),
    ("acme.localhost", "/api/no/such/path"),
    ("localhost", "/api/protected/me"),
    ("globex.localhost", "/workflow/mywork/"),
    ("nobody.localhost", "/api/protected/me"),
    ("acme.localhost", "/branding.css"),
    ("localhost", "/api/no/such/path"),
    ("globex.localhost", "/"),
]


def urlconfs() -> tuple[int, int, int]:
    """Return how many resolvers, namespaced ones and prefixes this process keeps."""
    return (
        resolvers._get_cached_resolver.cache_info().currsize,
        resolvers.get_ns_resolver.cache_info().currsize,
        len(resolvers.get_resolver("config.urls")._reverse_dict),
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_a_thousand_mixed_requests_leave_the_resolvers_as_they_were(
    visitor, acme, globex
) -> None:
    clients = {host: visitor(host) for host, _path in MIX}
    statuses = [clients[host].get(path).status_code for host, path in MIX]
    before = urlconfs()
    assert resolvers._get_cached_resolver.cache_info().currsize >= 2
    for _ in range(100):
        again = [clients[host].get(path).status_code for host, path in MIX]
        assert again == statuses
    assert urlconfs() == before
    assert set(statuses) == {200, 302, 401, 404}

"""L24: a log line or an error page that names the wrong tenant.

Metrics, which the class also names, do not exist yet.
"""

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import Client

from tenants import logs
from tenants.context import TenantInfo, current_or_none
from tests.tenants import asgi
from tests.tenants.crowd import together
from tests.tenants.lines import Lines, written

ROUNDS = 6
#: What goes wrong, with the status that answers it; the word is the slug.
FAULTS = {
    "/fail/{}": 500,
    "/miss/{}": 404,
    "/refuse/{}": 409,
    "/nowhere/{}": 404,
    "/api/miss/{}": 404,
    "/api/refuse/{}": 409,
}
LATER = {**FAULTS, "/fail-later/{}": 500}
#: The pages of these faults have the frame of the site, with the tenant's name in it.
FRAMED = {"/miss/{}", "/refuse/{}"}


@pytest.fixture(autouse=True)
def _routes(settings) -> None:
    settings.ROOT_URLCONF = "tests.tenants.speaking"
    settings.DEBUG = False


@pytest.fixture
def lines() -> Iterator[Lines]:
    with written() as lines:
        yield lines


def other(tenant: TenantInfo) -> str:
    return "globex" if tenant.slug == "acme" else "acme"


def assert_own_page(tenant: TenantInfo, path: str, status: int, body: str) -> None:
    assert status == LATER[path], (path, body)
    assert other(tenant) not in body.lower(), path
    assert str(tenant.uuid) not in body, path
    assert tenant.schema_name not in body, path
    if path in FRAMED:
        assert tenant.name in body, path


def assert_own_lines(lines: Lines, tenants: list[TenantInfo], *, many: int) -> None:
    """Let each line that tells of a tenant be one of its own, and some be there."""
    for tenant in tenants:
        faults = [line for line in lines.all() if f"/{tenant.slug}" in str(line)]
        assert len(faults) >= many
        for line in faults:
            assert (line["tenant"], line["slug"]) == (str(tenant.uuid), tenant.slug)
            assert other(tenant) not in str(line)
            assert len(line["request_id"]) == 12
    pairs = {(line.get("request_id"), line.get("slug")) for line in lines.all()}
    assert len(pairs) == len({request for request, _slug in pairs})


def work(tenant: TenantInfo, barrier: threading.Barrier) -> None:
    """Ask for everything that goes wrong, each time beside all others."""
    client = Client(
        headers={"host": tenant.primary_domain}, raise_request_exception=False
    )
    try:
        for _round in range(ROUNDS):
            for path in FAULTS:
                barrier.wait()
                answer = client.get(path.format(tenant.slug))
                assert_own_page(tenant, path, answer.status_code, answer.text)
            assert current_or_none() is None
            assert "request_id" not in structlog.contextvars.get_contextvars()
    except BaseException:
        barrier.abort()
        raise
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_threads_of_two_tenants_name_their_own_only(acme, globex, lines) -> None:
    barrier = threading.Barrier(4)
    together(lambda tenant: work(tenant, barrier), [acme, globex] * 2)
    assert_own_lines(lines, [acme, globex], many=2 * ROUNDS * len(FAULTS))


@pytest.mark.django_db(transaction=True)
def test_coroutines_of_two_tenants_name_their_own_only(acme, globex, lines) -> None:
    async def ask(tenant: TenantInfo, path: str) -> None:
        answer = await asgi.get(path.format(tenant.slug), host=tenant.primary_domain)
        assert_own_page(tenant, path, answer.status, answer.body.decode())

    async def all_of_them() -> None:
        asked = [ask(t, path) for path in LATER for t in (acme, globex)]
        await asyncio.gather(*asked)

    with warnings.catch_warnings():
        # Django makes the page of an error in a thread of its own, whose connection
        # nobody closes but the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        async_to_sync(all_of_them)()
        gc.collect()
    faults = [line for line in lines.all() if line["logger"] == "django.request"]
    assert len(faults) == 2 * len(LATER)
    assert {line["slug"] for line in faults} == {"acme", "globex"}
    for line in faults:
        own = acme if line["slug"] == "acme" else globex
        assert line["tenant"] == str(own.uuid)
        assert f"/{own.slug}" in line["event"]
        assert other(own) not in str(line)


@pytest.mark.parametrize("path", sorted(FAULTS))
def test_a_page_that_fails_right_after_another_tenants_is_its_own(
    visitor, acme, globex, path: str
) -> None:
    for tenant in (acme, globex, acme):
        answer = visitor(tenant.primary_domain).get(path.format(tenant.slug))
        assert_own_page(tenant, path, answer.status_code, answer.text)


def test_a_host_of_nobody_gets_a_page_of_nobody(visitor, acme, lines) -> None:
    visitor("acme.localhost").get("/miss/acme")
    answer = visitor("unknown.localhost").get("/miss/x")
    assert answer.status_code == 404
    assert "acme" not in answer.text.lower()
    (line,) = [line for line in lines.all() if "/miss/x" in line["event"]]
    assert "tenant" not in line
    assert line["request_id"] == answer["X-Request-ID"]


def test_with_the_tenant_of_the_process_in_each_line_the_leak_would_show(
    visitor, acme, globex, lines, monkeypatch
) -> None:
    """Whoever was served first would be named for ever."""
    first: list[Any] = []

    def remembered() -> Any:
        first.append(current_or_none())
        return first[0]

    monkeypatch.setattr(logs, "current_or_none", remembered)
    for tenant in (acme, globex):
        visitor(tenant.primary_domain).get(f"/fail/{tenant.slug}")
    assert {line["slug"] for line in lines.all()} == {"acme"}
    with pytest.raises(AssertionError):
        assert_own_lines(lines, [acme, globex], many=1)

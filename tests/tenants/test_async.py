"""The way of a request over ASGI: views, threads, streams, clients that go away."""

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.asgi import get_asgi_application

from tenants.context import current_or_none
from tenants.states import State, change_state
from tests.tenants import asgi, urls

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_has_begun() -> None:
    urls.begun.clear()


def test_an_async_view_and_its_threads_run_in_the_tenant(
    acme, globex, own_routes
) -> None:
    for tenant in (acme, globex):
        answer = asgi.ask("/here-later", host=tenant.primary_domain)
        assert answer.json() == {
            "uuid": str(tenant.uuid),
            "same_thread": tenant.schema_name,
            "other_thread": tenant.schema_name,
            "to_thread": tenant.schema_name,
        }


def test_interleaved_async_requests_keep_to_their_tenants(
    acme, globex, own_routes
) -> None:
    async def together() -> list[str]:
        hosts = ["acme.localhost", "globex.localhost"] * 4
        requests = [asgi.get("/here-later", host=host) for host in hosts]
        return [answer.json()["uuid"] for answer in await asyncio.gather(*requests)]

    assert async_to_sync(together)() == [str(acme.uuid), str(globex.uuid)] * 4


@pytest.mark.parametrize("path", ["/stream-later", "/stream"])
def test_a_stream_over_asgi_is_made_in_the_tenant(acme, own_routes, path: str) -> None:
    with warnings.catch_warnings():
        # Django warns that it reads a synchronous body at once.
        warnings.simplefilter("ignore")
        answer = asgi.ask(path, host="acme.localhost")
    lines = [line.split()[0] for line in answer.body.decode().splitlines()]
    assert lines == [acme.schema_name] * 3
    assert urls.ends == [str(acme.uuid)] or urls.ends == [acme.schema_name]


def test_an_async_stream_left_early_ends_in_the_tenant(acme, own_routes) -> None:
    answer = asgi.ask("/stream-later", host="acme.localhost", parts=1)
    assert answer.body.decode().startswith(acme.schema_name)
    assert urls.ends == [str(acme.uuid)]


def test_tasks_that_give_way_to_each_other_keep_to_their_tenants(
    acme, globex, own_routes
) -> None:
    async def together() -> list[list[str]]:
        hosts = ["acme.localhost", "globex.localhost"] * 3
        answers = await asyncio.gather(*[asgi.get("/turns", host=h) for h in hosts])
        return [answer.json()["seen"] for answer in answers]

    mine = sorted([str(acme.uuid), acme.schema_name])
    theirs = sorted([str(globex.uuid), globex.schema_name])
    assert async_to_sync(together)() == [mine, theirs] * 3


def test_a_fault_in_one_task_leaves_the_others_where_they_are(
    acme, globex, own_routes
) -> None:
    async def together() -> list[int]:
        asked = [("/turns", "globex"), ("/fail-later", "acme")] * 3
        requests = [asgi.get(path, host=f"{slug}.localhost") for path, slug in asked]
        answers = await asyncio.gather(*requests)
        assert {tuple(a.json()["seen"]) for a in answers[::2]} == {tuple(theirs)}
        return [answer.status for answer in answers]

    theirs = sorted([str(globex.uuid), globex.schema_name])
    assert async_to_sync(together)() == [200, 500] * 3


def test_threads_of_a_pool_are_given_back_without_a_tenant(acme, own_routes) -> None:
    async def ask_and_look() -> list[object]:
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(1)
        loop.set_default_executor(pool)
        found = []
        for _ in range(3):
            await asgi.get("/turns", host="acme.localhost")
            found.append(await loop.run_in_executor(pool, current_or_none))
            found.append(await sync_to_async(current_or_none)())
        return found

    assert async_to_sync(ask_and_look)() == [None] * 6


@pytest.mark.usefixtures("own_routes")
@pytest.mark.parametrize("path", ["/wait", "/stream-and-wait"])
def test_a_client_that_goes_away_meanwhile_ends_its_work_in_the_tenant(
    acme, globex, settings, caplog, path
) -> None:
    # A middleware that is not asynchronous would keep the end from the view.
    settings.MIDDLEWARE = ["tenants.middleware.TenantMiddleware"]

    async def ask_and_go() -> list[object]:
        requests = [leave_meanwhile(path, host) for host in HOSTS]
        await asyncio.gather(*requests)
        return [current_or_none(), await sync_to_async(current_or_none)()]

    assert async_to_sync(ask_and_go)() == [None, None]
    both = {str(tenant.uuid) for tenant in (acme, globex)}
    schemas = {tenant.schema_name for tenant in (acme, globex)}
    assert set(urls.begun) == both
    assert set(urls.ends) == (both if path == "/wait" else schemas)
    assert len(urls.ends) == 2
    assert "context.left_behind" not in caplog.messages


HOSTS = ["acme.localhost", "globex.localhost"]


async def leave_meanwhile(path: str, host: str) -> None:
    """Ask for a path, and go away once all who ask are being served."""
    first = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, object]:
        if first:
            return first.pop()
        while len(urls.begun) < len(HOSTS):  # noqa: ASYNC110 - the views know no event
            await asyncio.sleep(0.001)
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        await asyncio.sleep(0)

    await get_asgi_application()(asgi.scope(path, host), receive, send)


def test_two_streams_over_asgi_at_once_keep_to_their_tenants(
    acme, globex, own_routes
) -> None:
    async def together() -> list[str]:
        requests = [asgi.get("/stream-later", host=host) for host in HOSTS * 3]
        return [a.body.decode() for a in await asyncio.gather(*requests)]

    mine, theirs = (f"{tenant.schema_name}\n" * 3 for tenant in (acme, globex))
    assert async_to_sync(together)() == [mine, theirs] * 3


def test_an_asgi_server_gives_the_same_refusal(acme, tenant_row) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Unpaid.", by="operator")
    answer = asgi.ask("/api/protected/me", host="acme.localhost")
    assert answer.status == 423
    assert answer.headers["retry-after"] == "3600"
    assert answer.json()["code"] == "tenant_suspended"

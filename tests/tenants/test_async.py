"""The way of a request over ASGI: views, threads, streams, clients that go away."""

import asyncio
import warnings

import pytest
from asgiref.sync import async_to_sync

from tenants.states import State, change_state
from tests.tenants import asgi, urls

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_an_asgi_server_gives_the_same_refusal(acme, tenant_row) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Unpaid.", by="operator")
    answer = asgi.ask("/api/protected/me", host="acme.localhost")
    assert answer.status == 423
    assert answer.headers["retry-after"] == "3600"
    assert answer.json()["code"] == "tenant_suspended"

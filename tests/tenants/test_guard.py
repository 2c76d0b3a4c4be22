"""After a request nothing of its tenant is left, whoever entered it."""

import gc

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import Client

from tenants.carrying import guard
from tenants.context import NoTenantError, adopt, current_or_none, use
from tests.tenants import asgi

FORGETFUL = "tests.tenants.test_guard.forgetful"


def forgetful(get_response):
    """Enter a tenant as a middleware of somebody else's might, and never leave it."""

    def answer(request):
        response = get_response(request)
        adopt(request.tenant)
        return response

    return answer


@pytest.fixture
def leaky(settings, own_routes) -> None:
    settings.MIDDLEWARE = [FORGETFUL, *settings.MIDDLEWARE]


def left_behind(caplog) -> list[str]:
    return [r.left for r in caplog.records if r.message == "context.left_behind"]


def test_a_context_that_is_left_behind_is_removed_and_reported(
    visitor, acme, leaky, caplog
) -> None:
    answer = visitor().get("/here")
    assert answer.json()["tenant"] == "acme"
    assert current_or_none() is None
    assert left_behind(caplog) == [str(acme.uuid)]
    with pytest.raises(NoTenantError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_without_the_guard_it_would_stay(visitor, acme, leaky, caplog) -> None:
    request_finished.disconnect(dispatch_uid=guard.NAME)
    try:
        visitor().get("/here")
        assert current_or_none() == acme
    finally:
        request_finished.connect(guard.end, dispatch_uid=guard.NAME)
        guard.end()
    assert current_or_none() is None


def test_the_next_request_of_the_thread_is_served_as_the_first(
    visitor, acme, globex, leaky
) -> None:
    for tenant in (acme, globex, acme):
        seen = visitor(tenant.primary_domain).get("/here").json()
        assert seen["schema"] == tenant.schema_name
        assert current_or_none() is None


def test_who_asks_from_within_a_tenant_is_still_there_afterwards(
    visitor, acme, globex, own_routes, caplog
) -> None:
    with use(acme):
        assert visitor("globex.localhost").get("/here").json()["tenant"] == "globex"
        assert current_or_none() == acme
    assert left_behind(caplog) == []


def test_a_request_within_a_request_ends_for_itself(acme, globex, caplog) -> None:
    request_started.send(sender=Client)
    with use(acme):
        request_started.send(sender=Client)
        adopt(globex)
        request_finished.send(sender=Client)
        assert current_or_none() == acme
    request_finished.send(sender=Client)
    assert current_or_none() is None
    assert left_behind(caplog) == [str(globex.uuid)]


def test_an_end_without_a_beginning_leaves_nothing(acme, caplog) -> None:
    adopt(acme)
    request_finished.send(sender=Client)
    assert current_or_none() is None
    assert left_behind(caplog) == [str(acme.uuid)]


def test_a_body_that_is_forgotten_ends_in_the_midst_of_other_work_unnoticed(
    visitor, acme, globex, own_routes, caplog
) -> None:
    before = guard.under_way()  # of an answer that another test let nobody close
    forgotten = [visitor().get("/stream") for _ in range(2)]
    for answer in forgotten:
        next(iter(answer.streaming_content))
    del answer
    with use(globex):
        while forgotten:
            forgotten.pop()
            gc.collect()
        assert current_or_none() == globex
        assert visitor().get("/here").json()["tenant"] == "acme"
        assert current_or_none() == globex
    assert current_or_none() is None
    assert guard.under_way() is before
    assert left_behind(caplog) == []


@pytest.mark.parametrize("path", ["/here", "/fail", "/stream", "/no-such-page"])
def test_nothing_is_reported_of_our_own_requests(
    visitor, acme, own_routes, caplog, path
) -> None:
    answer = visitor().get(path)
    b"".join(getattr(answer, "streaming_content", []))
    answer.close()
    assert current_or_none() is None
    assert left_behind(caplog) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_reported_of_requests_over_asgi(acme, own_routes, caplog) -> None:
    for path in ("/here-later", "/stream-later", "/fail"):
        asgi.ask(path, host="acme.localhost")
    assert left_behind(caplog) == []

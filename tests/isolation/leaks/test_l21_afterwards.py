"""L21: what runs later or outside (after the commit, streams, signals) runs stale."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import connection, connections, transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import async_only_middleware

from config import health
from tenants import middleware
from tenants.context import (
    CONTROL,
    NoTenantError,
    TenantSwitchInTransaction,
    current_or_none,
    use,
    use_control,
)
from tenants.db import base
from tests.isolation.leaks.crossing import where
from tests.tenants import asgi

HERE = __name__


def apart(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test that writes nothing on a connection in no transaction of a test."""

    def closed(**fixtures: Any) -> None:
        try:
            test(**fixtures)
        finally:
            connections.close_all()

    @functools.wraps(test)
    def in_a_thread(**fixtures: Any) -> None:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(closed, **fixtures).result(60)

    return in_a_thread


def sent() -> str | None:
    """Return the schema that a statement runs in from here, or None."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            return cursor.fetchone()[0]
    except NoTenantError:
        return None


@pytest.fixture
def seen() -> list[Any]:
    return []


# After the commit


@apart
def test_a_callback_runs_where_it_was_registered_not_where_the_commit_is(
    acme, globex, seen
) -> None:
    with transaction.atomic():
        with use(acme):
            sent()
            transaction.on_commit(lambda: seen.append(sent()))
        assert seen == []
    assert seen == [acme.schema_name]
    assert current_or_none() is None


@apart
def test_a_commit_in_another_context_changes_nothing(acme, globex, seen) -> None:
    block = transaction.atomic()
    with use(acme):
        block.__enter__()
        sent()
        transaction.on_commit(lambda: seen.append(sent()))
    with pytest.raises(TenantSwitchInTransaction), use(globex):
        sent()
    block.__exit__(None, None, None)
    assert seen == [acme.schema_name]
    with use(globex):
        assert sent() == globex.schema_name


@apart
def test_a_callback_of_the_control_plane_stays_there(db, seen) -> None:
    with transaction.atomic(), use_control():
        sent()
        transaction.on_commit(lambda: seen.append(sent()))
    assert seen == ["public"]


@apart
def test_a_callback_may_go_to_the_control_plane_and_comes_back(acme, seen) -> None:
    def after() -> None:
        with use_control():
            seen.append(sent())
        seen.append(sent())

    with use(acme), transaction.atomic():
        transaction.on_commit(after)
    assert seen == ["public", acme.schema_name]


@apart
def test_the_tenants_of_two_transactions_keep_their_callbacks(acme, globex, seen):
    for tenant in (acme, globex, acme):
        with use(tenant), transaction.atomic():
            sent()
            transaction.on_commit(lambda: seen.append(sent()))
    assert seen == [t.schema_name for t in (acme, globex, acme)]


@apart
@pytest.mark.parametrize("kind", ["robust", "fragile"])
def test_a_callback_that_fails_leaves_its_context(
    globex, seen, caplog, kind: str
) -> None:
    robust = kind == "robust"
    caplog.set_level(logging.CRITICAL, "django.db.backends.base")

    def fails() -> None:
        seen.append(sent())
        raise ZeroDivisionError

    try:
        with transaction.atomic(), use(globex):
            transaction.on_commit(fails, robust=robust)
            transaction.on_commit(lambda: seen.append(sent()), robust=robust)
    except ZeroDivisionError:
        assert not robust
    assert seen == [globex.schema_name] * (2 if robust else 1)
    assert (current_or_none(), sent()) == (None, None)


@apart
def test_nested_blocks_keep_the_callbacks_of_what_is_kept(acme, seen) -> None:
    with transaction.atomic():
        with use(acme):
            with transaction.atomic():
                sent()
                transaction.on_commit(lambda: seen.append(("inner", sent())))
            with transaction.atomic():
                transaction.on_commit(lambda: seen.append(("undone", sent())))
                transaction.set_rollback(True)
            transaction.on_commit(lambda: seen.append(("outer", sent())))
        assert seen == []
    assert seen == [("inner", acme.schema_name), ("outer", acme.schema_name)]


@apart
def test_a_callback_of_a_callback_runs_in_the_same_place(acme, seen) -> None:
    def first() -> None:
        transaction.on_commit(lambda: seen.append(sent()))

    with transaction.atomic(), use(acme):
        sent()
        transaction.on_commit(first)
    assert seen == [acme.schema_name]


def test_a_test_that_captures_callbacks_runs_them_in_their_place(
    acme, seen, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), use(acme):
        transaction.on_commit(lambda: seen.append(sent()))
    assert seen == [acme.schema_name]


@apart
def test_a_rollback_runs_nothing(acme, seen) -> None:
    with use(acme), transaction.atomic():
        transaction.on_commit(lambda: seen.append(sent()))
        transaction.set_rollback(True)
    assert seen == []


@apart
def test_without_the_binding_a_callback_would_run_in_none(
    acme, seen, monkeypatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(base, "bind", lambda function: function)
    with transaction.atomic(), use(acme):
        sent()
        transaction.on_commit(lambda: seen.append(sent()))
    assert seen == [None]


# Streams

ends: list[str | None] = []


def parts() -> Iterator[str]:
    try:
        for _part in range(3):
            yield f"{sent()}\n"
    finally:
        ends.append(sent())


async def parts_later() -> AsyncIterator[str]:
    try:
        for _part in range(3):
            yield f"{await sync_to_async(sent)()}\n"
    finally:
        ends.append(where())


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(), content_type="text/plain")


async def stream_later(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts_later(), content_type="text/plain")


def save(request: HttpRequest) -> JsonResponse:
    Group.objects.create(name="of a request")
    return JsonResponse({"schema": sent()})


def fail(request: HttpRequest) -> JsonResponse:
    raise ZeroDivisionError


urlpatterns = [
    path("stream", stream),
    path("stream-later", stream_later),
    path("save", save),
    path("fail", fail),
    path("health/", health.alive),
]


@pytest.fixture
def routes(settings) -> None:
    settings.ROOT_URLCONF = settings.PUBLIC_SCHEMA_URLCONF = HERE
    ends.clear()


@apart
def test_two_streams_that_are_read_in_turn_keep_to_their_tenants(
    visitor, acme, globex, routes
) -> None:
    tenants = (acme, globex)
    streams = [visitor(t.primary_domain).get("/stream") for t in tenants]
    readers = [iter(answer.streaming_content) for answer in streams]
    for _part in range(3):
        for tenant, reader in zip(tenants, readers, strict=True):
            assert next(reader).decode() == f"{tenant.schema_name}\n"
            assert sent() is None
    for answer in streams:
        answer.close()
    assert ends == [acme.schema_name, globex.schema_name]


@apart
def test_a_stream_ends_in_its_tenant_wherever_the_client_goes_away(
    visitor, acme, routes
) -> None:
    for read in (0, 1, 3):
        ends.clear()
        answer = visitor().get("/stream")
        reader = iter(answer.streaming_content)
        for _part in range(read):
            assert next(reader).decode() == f"{acme.schema_name}\n"
        answer.close()
        assert sent() is None
        assert ends == ([acme.schema_name] if read else [])


@apart
def test_a_response_that_is_closed_elsewhere_leaves_nobody_in_a_tenant(
    visitor, acme, globex, routes
) -> None:
    answer = visitor().get("/stream")
    next(iter(answer.streaming_content))
    with use(globex):
        answer.close()
        assert sent() is None  # the request began in none, and ends there
    assert ends == [acme.schema_name]
    assert current_or_none() is None


@apart
def test_async_streams_that_are_read_together_keep_to_their_tenants(
    acme, globex, routes
) -> None:
    async def together() -> list[asgi.Answer]:
        hosts = ["acme.localhost", "globex.localhost"] * 3
        asked = [
            asgi.get("/stream-later", host=host, parts=None if number < 4 else 1)
            for number, host in enumerate(hosts)
        ]
        return await asyncio.gather(*asked)

    answers = async_to_sync(together)()
    expected = [f"{acme.schema_name}\n", f"{globex.schema_name}\n"]
    for number, answer in enumerate(answers):
        assert set(answer.body.decode().splitlines(keepends=True)) == {
            expected[number % 2]
        }
    assert sorted(map(str, ends)) == sorted([acme.schema_name, globex.schema_name] * 3)


def test_without_the_wrapping_a_stream_would_be_made_in_none(
    visitor, acme, routes, monkeypatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(middleware, "carry", lambda response, inside: None)
    answer = visitor().get("/stream")
    assert b"".join(answer.streaming_content) == b"None\n" * 3
    answer.close()
    assert ends == [None]


# Health checks


@pytest.mark.parametrize("before", ["/save", "/fail", "/stream"])
def test_a_health_check_right_after_a_tenants_request_is_nobodys(
    visitor, acme, routes, before: str
) -> None:
    answer = visitor().get(before)
    if before == "/stream":
        next(iter(answer.streaming_content))
    told: list[object] = []

    def watch(execute, sql, params, many, context) -> Any:
        told.append(current_or_none())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        answered = visitor("localhost").get("/health/")
    assert (answered.status_code, answered.json()) == (200, {"status": "ok"})
    assert told == [CONTROL]
    assert current_or_none() is None
    answer.close()


@apart
def test_the_check_of_a_kept_connection_needs_no_tenant_and_sets_none(
    acme, globex, monkeypatch
) -> None:
    """CONN_HEALTH_CHECKS asks the server before a request has a tenant."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    with use(acme):
        assert sent() == acme.schema_name
    physical = connection.connection
    connection.close_if_unusable_or_obsolete()
    connection.health_check_enabled, connection.health_check_done = True, False
    connection.close_if_health_check_failed()
    assert connection.health_check_done
    assert (connection.connection, sent()) == (physical, None)
    with use(globex):
        assert sent() == globex.schema_name
    connection.close()


# Middleware around ours

around: list[tuple[str, object, str | None]] = []


def outer(get_response):
    def middleware(request: HttpRequest) -> Any:
        around.append(("before", current_or_none(), sent()))
        response = get_response(request)
        around.append(("after", current_or_none(), sent()))
        return response

    return middleware


@async_only_middleware
def outer_later(get_response):
    async def middleware(request: HttpRequest) -> Any:
        around.append(("before", current_or_none(), await sync_to_async(sent)()))
        response = await get_response(request)
        around.append(("after", current_or_none(), await sync_to_async(sent)()))
        return response

    return middleware


NOTHING = [("before", None, None), ("after", None, None)]


@pytest.mark.parametrize("path", ["/save", "/fail", "/stream", "/missing", "/health/"])
def test_a_middleware_around_ours_has_no_tenant(
    visitor, acme, routes, settings, path: str
) -> None:
    settings.MIDDLEWARE = [f"{HERE}.outer", *settings.MIDDLEWARE]
    for host in ("acme.localhost", "localhost", "nobody.localhost"):
        around.clear()
        visitor(host).get(path).close()
        assert around == NOTHING


@apart
def test_an_async_middleware_around_ours_has_no_tenant(acme, routes, settings) -> None:
    settings.MIDDLEWARE = [f"{HERE}.outer_later", *settings.MIDDLEWARE]
    around.clear()
    assert asgi.ask("/stream-later", host="acme.localhost").status == 200
    assert around == NOTHING


# Signals


@pytest.fixture
def told(seen) -> Iterator[list[tuple[str, str | None, str | None]]]:
    """Return what receivers of Django's signals wrote down."""
    signals = {
        "pre_save": (pre_save, Group),
        "post_save": (post_save, Group),
        "post_delete": (post_delete, Group),
        "request_started": (request_started, None),
        "got_request_exception": (got_request_exception, None),
        "request_finished": (request_finished, None),
    }
    receivers = []

    def receiver(name: str):
        def receive(**kwargs: Any) -> None:
            seen.append((name, where(), sent()))

        receivers.append(receive)
        return receive

    for name, (signal, sender) in signals.items():
        signal.connect(receiver(name), sender=sender, weak=False)
    yield seen
    for receive, (signal, sender) in zip(receivers, signals.values(), strict=True):
        assert signal.disconnect(receive, sender=sender)


def test_receivers_of_a_row_run_in_the_tenant_of_the_row(acme, globex, told) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            Group.objects.create(name="Newcomers").delete()
    assert told == [
        (name, tenant.schema_name, tenant.schema_name)
        for tenant in (acme, globex)
        for name in ("pre_save", "post_save", "post_delete")
    ]


def test_an_async_save_tells_its_receivers_in_the_tenant(acme, told) -> None:
    async def save_later() -> None:
        with use(acme):
            await Group.objects.acreate(name="Newcomers")

    async_to_sync(save_later)()
    mine = acme.schema_name
    assert told == [("pre_save", mine, mine), ("post_save", mine, mine)]


def test_receivers_of_a_request_run_in_the_tenant_only_inside_of_it(
    visitor, acme, routes, told
) -> None:
    mine = acme.schema_name
    visitor().get("/save")
    visitor().get("/fail")
    assert told == [
        ("request_started", None, None),
        ("pre_save", mine, mine),
        ("post_save", mine, mine),
        ("request_finished", None, None),
        ("request_started", None, None),
        ("got_request_exception", mine, mine),
        ("request_finished", None, None),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_a_receiver_leaves_for_after_the_commit_runs_in_the_tenant(
    acme, seen
) -> None:
    def receive(**kwargs: Any) -> None:
        transaction.on_commit(lambda: seen.append(sent()))

    post_save.connect(receive, sender=Group)
    try:
        with transaction.atomic(), use(acme):
            Group.objects.create(name="Newcomers")
            assert seen == []
    finally:
        post_save.disconnect(receive, sender=Group)
    assert seen == [acme.schema_name]

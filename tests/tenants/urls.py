"""Routes that tell in which context a view, a body and an end were made."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sites.shortcuts import get_current_site
from django.db import connection
from django.http import (
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.middleware.csrf import get_token
from django.urls import path
from django.utils import timezone, translation

from tenants.context import context_uuid

#: What the ends of streamed bodies wrote down.
ends: list[str] = []
#: Where something began that lasts until the client has gone.
begun: list[str] = []


def schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def schema_in_a_thread() -> str:
    try:
        return schema()
    finally:
        connection.close()


def here(request: HttpRequest) -> JsonResponse:
    tenant: Any = request.tenant
    return JsonResponse(
        {
            "schema": schema(),
            "uuid": str(context_uuid()),
            "tenant": tenant.slug if tenant else None,
            "language": translation.get_language(),
            "zone": timezone.get_current_timezone_name(),
        }
    )


async def here_later(request: HttpRequest) -> JsonResponse:
    await asyncio.sleep(0)
    return JsonResponse(
        {
            "uuid": str(context_uuid()),
            "same_thread": await sync_to_async(schema)(),
            "other_thread": await sync_to_async(
                schema_in_a_thread, thread_sensitive=False
            )(),
            "to_thread": await asyncio.to_thread(schema_in_a_thread),
        }
    )


async def turns(request: HttpRequest) -> JsonResponse:
    """Tell in which contexts a view is that gives way to others again and again."""
    seen = set()
    for _turn in range(5):
        await asyncio.sleep(0)
        seen.add(str(context_uuid()))
        seen.add(await sync_to_async(schema)())
        await asyncio.sleep(0)
        seen.add(await sync_to_async(schema_in_a_thread, thread_sensitive=False)())
    return JsonResponse({"seen": sorted(seen)})


async def wait(request: HttpRequest) -> JsonResponse:
    """Wait until the client has gone."""
    try:
        begun.append(str(context_uuid()))
        await asyncio.sleep(20)
    finally:
        ends.append(str(context_uuid()))
    return JsonResponse({})


async def fail_later(request: HttpRequest) -> JsonResponse:
    await asyncio.sleep(0)
    raise RuntimeError("a fault in a view")


def parts() -> Iterator[str]:
    try:
        for _number in range(3):
            yield f"{schema()} {translation.get_language()}\n"
    finally:
        ends.append(schema())


async def parts_later() -> AsyncIterator[str]:
    try:
        for _number in range(3):
            yield await sync_to_async(schema)() + "\n"
    finally:
        ends.append(str(context_uuid()))


async def parts_and_wait() -> AsyncIterator[str]:
    try:
        yield await sync_to_async(schema)() + "\n"
        begun.append(str(context_uuid()))
        await asyncio.sleep(20)
    finally:
        ends.append(await sync_to_async(schema)())


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(), content_type="text/plain")


async def stream_later(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts_later(), content_type="text/plain")


def address(request: HttpRequest) -> JsonResponse:
    """Tell what Django makes of the host."""
    return JsonResponse(
        {
            "host": request.get_host(),
            "port": request.get_port(),
            "uri": request.build_absolute_uri(),
            "site": get_current_site(request).domain,
            "forwarded": [name for name in request.headers if "orward" in name],
        }
    )


def form(request: HttpRequest) -> HttpResponse:
    """Show a form, or take it."""
    if request.method == "POST":
        return HttpResponse("taken")
    return HttpResponse(get_token(request))


async def stream_and_wait(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts_and_wait(), content_type="text/plain")


def fail(request: HttpRequest) -> JsonResponse:
    raise RuntimeError("a fault in a view")


urlpatterns = [
    path("here", here),
    path("api/here", here),
    path("address", address),
    path("form", form),
    path("odd/<path:rest>", here),
    path("here-later", here_later),
    path("stream", stream),
    path("stream-later", stream_later),
    path("stream-and-wait", stream_and_wait),
    path("turns", turns),
    path("wait", wait),
    path("fail", fail),
    path("fail-later", fail_later),
]

"""Routes that tell in which context a view, a body and an end were made."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone, translation

from tenants.context import context_uuid

#: What the ends of streamed bodies wrote down.
ends: list[str] = []


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


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(), content_type="text/plain")


async def stream_later(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts_later(), content_type="text/plain")


def fail(request: HttpRequest) -> JsonResponse:
    raise RuntimeError("a fault in a view")


urlpatterns = [
    path("here", here),
    path("here-later", here_later),
    path("stream", stream),
    path("stream-later", stream_later),
    path("fail", fail),
]

"""Routes that log a line, speak a language, and fail, in every way to serve."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import structlog
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, NotFound

logger = logging.getLogger(__name__)
structured = structlog.get_logger(__name__)

handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"

#: Words of Django's own catalogue, so that no language of ours is needed.
SPOKEN = _("This field is required.")
ENGLISH, GERMAN = "This field is required.", "Dieses Feld ist zwingend erforderlich."
FRENCH = "Ce champ est obligatoire."


def say(request: HttpRequest, word: str) -> HttpResponse:
    logger.info("said", extra={"word": word})
    structured.info("said", word=word)
    return HttpResponse(f"{SPOKEN} {timezone.get_current_timezone_name()}")


async def say_later(request: HttpRequest, word: str) -> HttpResponse:
    await asyncio.sleep(0)
    logger.info("said", extra={"word": word})
    await asyncio.to_thread(logger.info, "said", extra={"word": word})
    await asyncio.sleep(0)
    return HttpResponse(f"{SPOKEN} {timezone.get_current_timezone_name()}")


def parts(word: str) -> Iterator[str]:
    for _number in range(2):
        logger.info("said", extra={"word": word})
        yield f"{SPOKEN}\n"


async def parts_later(word: str) -> AsyncIterator[str]:
    for _number in range(2):
        await asyncio.sleep(0)
        logger.info("said", extra={"word": word})
        yield gettext("This field is required.") + "\n"


def stream(request: HttpRequest, word: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(word), content_type="text/plain")


async def stream_later(request: HttpRequest, word: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts_later(word), content_type="text/plain")


def fail(request: HttpRequest, word: str) -> HttpResponse:
    raise RuntimeError(f"a fault of {word}")


async def fail_later(request: HttpRequest, word: str) -> HttpResponse:
    await asyncio.sleep(0)
    raise RuntimeError(f"a fault of {word}")


def refuse(request: HttpRequest, word: str) -> HttpResponse:
    raise Conflict(gettext("This field is required."))


def miss(request: HttpRequest, word: str) -> HttpResponse:
    raise NotFound


urlpatterns = [
    path("say/<word>", say),
    path("say-later/<word>", say_later),
    path("stream/<word>", stream),
    path("stream-later/<word>", stream_later),
    path("fail/<word>", fail),
    path("fail-later/<word>", fail_later),
    path("refuse/<word>", refuse),
    path("miss/<word>", miss),
    path("api/refuse/<word>", refuse),
    path("api/miss/<word>", miss),
]

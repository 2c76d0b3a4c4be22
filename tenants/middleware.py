"""From the Host header to the tenant, and back to nothing when the answer is made."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import (
    HttpRequest,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase

from kernel.answers import answer
from kernel.errors import ApplicationError
from kernel.translation import translated
from tenants import directory, hosts
from tenants.carrying import guard
from tenants.carrying.serving import serving
from tenants.carrying.streaming import at_end, carry
from tenants.context import CONTROL, Control, TenantInfo
from tenants.db.base import ContextApplyError
from tenants.directory import Found
from tenants.life import conduct, stopping

logger = logging.getLogger(__name__)

Site = TenantInfo | Control
GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

UNREACHABLE: Final = (OperationalError, InterfaceError, ContextApplyError)
#: Headers in which anybody may name another host.
NAMED_BY_OTHERS: Final = (
    "HTTP_X_FORWARDED_HOST",
    "HTTP_FORWARDED",
    "HTTP_X_HOST",
    "HTTP_X_ORIGINAL_HOST",
)


class TenantMiddleware:
    """Gives each request its site: the public one, a tenant's, or a plain 404.

    Sets `request.tenant` (None on the public site) and `request.urlconf`, and keeps
    the context for the view, for streamed bodies and for asynchronous views alike.
    From here on a request knows its host in the canonical spelling only.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse | GetResponseLater) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request; a coroutine where the next layer is one."""
        if self.is_async:
            return self.answer_later(request)
        return self.answer(request)

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        host = take_host(request)
        try:
            found = directory.find(host) if is_asked_for(host) else None
        except UNREACHABLE as error:
            return unreachable(request, error)
        site = arrive(request, host, found)
        if isinstance(site, HttpResponseBase):
            return site
        with serving(site):
            response = cast(GetResponse, self.get_response)(request)
        return carried(response, site)

    async def answer_later(self, request: HttpRequest) -> HttpResponseBase:
        host = take_host(request)
        try:
            found = await directory.find_later(host) if is_asked_for(host) else None
        except UNREACHABLE as error:
            return unreachable(request, error)
        come = sync_to_async(arrive) if is_stopped(found) else None
        site = (
            await come(request, host, found) if come else arrive(request, host, found)
        )
        if isinstance(site, HttpResponseBase):
            return site
        with serving(site):
            response = await cast(GetResponseLater, self.get_response)(request)
        return carried(response, site)


def take_host(request: HttpRequest) -> str:
    """Return the canonical host, empty where there is none, and leave only that.

    Django compares the origin of forms with the Host header and builds addresses from
    it, so it must not see another name than the one that is looked up.
    """
    meta = request.META
    for name in NAMED_BY_OTHERS:
        meta.pop(name, None)
    raw = meta["HTTP_HOST"] if "HTTP_HOST" in meta else meta.get("SERVER_NAME", "")
    host = hosts.canonical_host(raw) or ""
    meta["HTTP_HOST"] = hosts.with_ending(host, raw) if host else ""
    return host


def is_asked_for(host: str) -> bool:
    """Tell whether a host has to be looked up: it is one, and not a public one."""
    return bool(host) and not hosts.is_public(host)


def unreachable(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """Answer that the control plane cannot be asked."""
    logger.error("host.lookup_failed", exc_info=error)
    refusal = translated(error) or ApplicationError()
    return answer(request, refusal, framed=False)


def arrive(
    request: HttpRequest, host: str, found: Found | None
) -> Site | HttpResponseBase:
    """Return the site, with the request led to it, or the answer to give instead."""
    if found is None and not hosts.is_public(host):
        return stopping.nowhere(request)
    site: Site = found.tenant if found else CONTROL
    if isinstance(site, TenantInfo):
        stopped = stopping.stop(request, site)
        if stopped is not None:
            return stopped
    if found and found.redirect and is_page_asked_for(request):
        return moved(request, found.redirect)
    direct(request, site)
    return site


def is_stopped(found: Found | None) -> bool:
    """Tell whether it may take the database to answer, which no coroutine may ask."""
    return found is not None and conduct.of(found.tenant).refusal is not None


def is_page_asked_for(request: HttpRequest) -> bool:
    """Tell whether nothing is lost if a browser asks again elsewhere."""
    is_read = request.method in {"GET", "HEAD"}
    return is_read and not request.path.startswith("/api/")


def moved(request: HttpRequest, host: str) -> HttpResponseBase:
    """Lead to the same page on another host of the tenant.

    The tenant may choose another primary domain, so no browser keeps this for good.
    """
    return HttpResponsePermanentRedirect(
        hosts.origin(host) + request.get_full_path(),
        headers={"Cache-Control": "no-store"},
    )


def direct(request: HttpRequest, site: Site) -> None:
    """Give the request its tenant and the routes of its site."""
    public = isinstance(site, Control)
    request.tenant = None if public else site  # type: ignore[attr-defined]
    request.urlconf = (
        settings.PUBLIC_SCHEMA_URLCONF if public else settings.ROOT_URLCONF
    )


def carried(response: HttpResponseBase, site: Site) -> HttpResponseBase:
    """Return the response; a streamed body keeps the context to its end."""
    if isinstance(response, StreamingHttpResponse):
        carry(response, partial(serving, site))
        at_end(response, partial(guard.end_of_stream, guard.under_way()))
    return response

"""From the Host header to the tenant, and back to nothing when the answer is made."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from kernel.answers import answer
from kernel.errors import ApplicationError, NotFound
from kernel.translation import translated
from tenants import hosts
from tenants.context import Control, TenantInfo
from tenants.serving import serving
from tenants.states import REFUSALS, State
from tenants.streaming import carry

logger = logging.getLogger(__name__)

Site = TenantInfo | Control
GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class TenantMiddleware:
    """Gives each request its site: the public one, a tenant's, or a plain 404.

    Sets `request.tenant` (None on the public site) and `request.urlconf`, and keeps
    the context for the view, for streamed bodies and for asynchronous views alike.
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
        site = site_of(request)
        if isinstance(site, ApplicationError):
            return answer(request, site, framed=False)
        direct(request, site)
        with serving(site):
            response = cast(GetResponse, self.get_response)(request)
        return carried(response, site)

    async def answer_later(self, request: HttpRequest) -> HttpResponseBase:
        site = await sync_to_async(site_of)(request)
        if isinstance(site, ApplicationError):
            return await sync_to_async(answer)(request, site, framed=False)
        direct(request, site)
        with serving(site):
            response = await cast(GetResponseLater, self.get_response)(request)
        return carried(response, site)


def site_of(request: HttpRequest) -> Site | ApplicationError:
    """Return the site that the Host header names, or the error to answer."""
    try:
        site = resolve(request)
    except (OperationalError, InterfaceError) as error:
        logger.exception("host.lookup_failed")
        return translated(error) or ApplicationError()
    if site is None:
        return NotFound(headers={"Cache-Control": "no-store"})
    if isinstance(site, TenantInfo) and site.state in REFUSALS:
        return REFUSALS[State(site.state)].error()
    return site


def resolve(request: HttpRequest) -> Site | None:
    """Look the host up; X-Forwarded-Host is never read."""
    meta = request.META
    raw = meta["HTTP_HOST"] if "HTTP_HOST" in meta else meta.get("SERVER_NAME", "")
    host = hosts.canonical_host(raw)
    return hosts.resolve(host) if host else None


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
    return response

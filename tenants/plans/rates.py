"""How many requests a tenant may send, so that none of them takes the others' time.

What a refused request costs is what a flood costs all: it touches no database, writes
no line of its own into the log, and while a process knows that there is no token it
does not ask the store either.
"""

import logging
import os
import time
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from kernel import answers
from tenants.context import TenantInfo
from tenants.errors import RateLimited
from tenants.plans import bucket_store
from tenants.plans.buckets import MOST, SECOND, Buckets, Rate

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]

PREFIX: Final = "tenantry:rate"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: How often a flood is told of.
SAY_EVERY: Final = 10 * SECOND


class Kind(StrEnum):
    """What is counted apart, so that none takes the tokens of another."""

    PAGE = "page"
    API = "api"
    FILE = "file"
    SIGN_IN = "sign_in"


#: What part of the plan's rate each kind has; trying to come in costs the most.
PARTS: Final = {Kind.PAGE: 1, Kind.API: 1, Kind.FILE: 1, Kind.SIGN_IN: 10}

_local: Final = Buckets()
#: Until when, on this process's clock, a bucket in the store is known to be empty.
_empty_until: Final[dict[str, int]] = {}
#: When a tenant's flood may be told of again.
_quiet_until: Final[dict[str, int]] = {}
os.register_at_fork(after_in_child=_local.begin_anew)


class RequestRate:
    """Refuses with 429 what a tenant sends above its rate; it stands before any work.

    A tenant without a rate costs one look at its limits.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        tenant: TenantInfo | None = request.tenant  # type: ignore[attr-defined]
        limit = 0 if tenant is None else per_minute(tenant)
        if tenant is not None and limit:
            kind = kind_of(request)
            wait = take(tenant, kind, Rate(max(1, limit // PARTS[kind])))
            if wait:
                return refused(request, tenant, kind, wait)
        return self.get_response(request)


def per_minute(tenant: TenantInfo) -> int:
    """Return how many requests of a kind a tenant may send in a minute; 0: any."""
    own = tenant.limits.requests_per_minute
    return int(settings.TENANTRY_REQUESTS_PER_MINUTE) if own is None else own


def kind_of(request: HttpRequest) -> Kind:
    path = request.path
    if request.method not in SAFE and path.startswith(settings.TENANTRY_SIGN_IN_PATHS):
        return Kind.SIGN_IN
    if path.startswith("/api/"):
        return Kind.API
    return Kind.FILE if path.startswith(settings.TENANTRY_FILE_PATHS) else Kind.PAGE


def take(tenant: TenantInfo, kind: Kind, rate: Rate) -> int:
    """Take a token of the tenant; return the microseconds to wait, 0 for none.

    Where the store is away, each process counts for itself, to half the rate.
    """
    # Another plan is another bucket, so that it counts from its first request on.
    name = f"{PREFIX}:{tenant.uuid}:{kind}:{rate.per_minute}"
    now = monotonic()
    known = _empty_until.get(name, 0) - now
    if known > 0:
        return known
    wait = bucket_store.take(name, rate)
    if wait is None:
        return _local.take(name, rate.halved(), now)
    if wait:
        remember(_empty_until, name, now + wait)
    return wait


def monotonic() -> int:
    """Return the microseconds of this process's clock."""
    return time.monotonic_ns() // 1000


def remember(instants: dict[str, int], name: str, until: int) -> None:
    """Put an instant down; what is forgotten when there are too many costs little."""
    if len(instants) >= MOST:
        instants.clear()
    instants[name] = until


# The answer


def refused(
    request: HttpRequest, tenant: TenantInfo, kind: Kind, wait: int
) -> HttpResponse:
    """Return the refusal: a page for browsers, a problem document for programs."""
    seconds = ceil(wait / SECOND)
    say(tenant, kind)
    is_browser = kind in {Kind.PAGE, Kind.SIGN_IN} and "text/html" in request.META.get(
        "HTTP_ACCEPT", ""
    )
    if is_browser and not request.path.startswith("/api/"):
        content, headers = page(translation.get_language() or "", seconds)
        response = HttpResponse(content, status=RateLimited.status, headers=headers)
    else:
        response = answers.problem(error_of(seconds))
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark: a flood fills no log
    return response


def error_of(seconds: int) -> RateLimited:
    return RateLimited(headers={"Retry-After": str(seconds)})


@lru_cache(maxsize=256)
def page(language: str, seconds: int) -> tuple[bytes, dict[str, str]]:
    """Return the page and its headers: nothing of a tenant or of a request is in it."""
    with translation.override(language or None):
        response = answers.page(HttpRequest(), error_of(seconds), framed=False)
    return response.content, dict(response.headers)


def say(tenant: TenantInfo, kind: Kind) -> None:
    """Write into the log that a tenant is over its rate, now and then."""
    name, now = f"{tenant.uuid}:{kind}", monotonic()
    if now < _quiet_until.get(name, 0):
        return
    remember(_quiet_until, name, now + SAY_EVERY)
    logger.warning("rate.limited", extra={"kind": str(kind)})

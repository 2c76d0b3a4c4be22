"""What a request to a tenant that is not served as usual is answered."""

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kernel.answers import answer
from kernel.errors import ApplicationError, NotFound
from kernel.translation import sqlstate
from tenants import hosts, lookup
from tenants.context import TenantInfo, current_or_none
from tenants.db.base import TenantUnavailable
from tenants.life import calling_off, conduct, maintenance
from tenants.life.conduct import MAINTENANCE, TABLE, State

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: What PostgreSQL says to a role whose rights were taken away: a right, a table or a
#: schema that it may no longer see.
TAKEN_AWAY: Final = frozenset({"42501", "42P01", "3F000"})


def stop(request: HttpRequest, tenant: TenantInfo) -> HttpResponseBase | None:
    """Return the answer to a request that the tenant does not serve now, else None."""
    now = conduct.of(tenant)
    if now is MAINTENANCE:
        let_by = maintenance.let_by(request, tenant)
        if isinstance(let_by, HttpResponseBase):
            return let_by
        if let_by:
            now = TABLE[tenant.state]
    if now.refusal is None or (now.reads and changes_nothing(request)):
        return calling_off.done() if calling_off.is_asked_for(request) else None
    if tenant.state == State.PURGED:
        return nowhere(request)
    if tenant.state == State.DELETING and calling_off.is_asked_for(request):
        return calling_off.answer(request, tenant)
    until = tenant.maintenance_until if now is MAINTENANCE else None
    return answer(request, now.refusal.error(until), framed=False)


def nowhere(request: HttpRequest) -> HttpResponseBase:
    """Answer for a host that leads nowhere, with no hint whether it ever did."""
    nothing = NotFound(headers={"Cache-Control": "no-store"})
    if not request.path_info.startswith("/api/"):
        # The host's own start page is this page again.
        nothing.extra["start_page"] = (
            f"{hosts.origin(settings.TENANTRY_PUBLIC_HOSTS[0])}/"
        )
    return answer(request, nothing, framed=False)


def changes_nothing(request: HttpRequest) -> bool:
    """Tell whether a request only reads, or is one that a debtor may make as well."""
    paths = settings.TENANT_PAST_DUE_PATHS
    return request.method in SAFE or is_below(request.path_info, paths)


def is_below(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def is_kept_out(error: Exception) -> bool:
    return isinstance(error, TenantUnavailable) or sqlstate(error) in TAKEN_AWAY


def explained(error: Exception) -> ApplicationError | None:
    """Return why the database took no statement of a request, if a state says so.

    The state may have changed while the request ran, and a page that should only read
    may have tried to write. None for everything else.
    """
    tenant = current_or_none()
    if not is_kept_out(error) or not isinstance(tenant, TenantInfo):
        return None
    try:
        present = lookup.by_uuid(tenant.uuid)
    except (Error, ApplicationError):
        return None
    refusal = conduct.of(present).refusal if present else None
    return refusal.error() if refusal else None

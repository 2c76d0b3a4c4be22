"""A maintenance: everybody is kept out for a while, but operators with the link.

The link holds a signed value that is good for this tenant, this generation and this
maintenance; a browser that follows it keeps the value in a cookie until the end.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from kernel import clock
from tenants import events, hosts, signing, states
from tenants.context import TenantInfo, use, use_control
from tenants.errors import MaintenanceTooLong, MoveRefused
from tenants.life import conduct
from tenants.life.conduct import OVERLAID
from tenants.models import Tenant
from tenants.signing import BadSignature

PATH: Final = "/maintenance/pass/"
SALT: Final = "tenants.maintenance"
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=7)


@use_control()
def begin(tenant: Tenant, *, lasting: timedelta, by: str) -> Tenant:
    """Begin a maintenance, or set the end of the one there is; return the row.

    Raises MaintenanceTooLong, and MoveRefused in states that no maintenance lies over.
    """
    if not SHORTEST <= lasting <= LONGEST:
        raise MaintenanceTooLong
    with transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if locked.state not in OVERLAID:
            raise MoveRefused(f"{locked} is {locked.state}, so this is refused.")
        until = clock.now() + lasting
        write(locked, until)
        told = {"until": until.isoformat()}
        events.record("tenant.maintenance", by=by, tenant=locked.uuid, **told)
    return locked


@use_control()
def end(tenant: Tenant, *, by: str) -> Tenant:
    """End a maintenance before its time; raises MoveRefused where there is none."""
    with transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if not conduct.in_maintenance(locked):
            raise MoveRefused(f"{locked.slug} is in no maintenance.")
        write(locked, None)
        events.record("tenant.maintenance_ended", by=by, tenant=locked.uuid)
    return locked


def write(locked: Tenant, until: datetime | None) -> None:
    locked.maintenance_until = until
    locked.save(update_fields=["maintenance_until"])
    states.set_wake_up(locked)


def link(tenant: TenantInfo) -> str:
    """Return the address that lets an operator's browser by until the end."""
    return hosts.absolute_url(PATH + signed(tenant), tenant=tenant)


def signed(tenant: TenantInfo) -> str:
    with use(tenant):
        return signing.dumps(end_of(tenant), salt=SALT)


def end_of(tenant: TenantInfo) -> str:
    """Return what is signed: the end, which tells one maintenance from another."""
    until = tenant.maintenance_until
    return until.isoformat() if until else ""


def let_by(request: HttpRequest, tenant: TenantInfo) -> HttpResponseBase | bool:
    """Tell whether a request in a maintenance may pass; return what gives the cookie.

    Programs do not pass: the cookie is for the pages.
    """
    path = request.path_info
    if path.startswith("/api/"):
        return False
    if path.startswith(PATH) and request.method == "GET":
        text = path.removeprefix(PATH)
        return cookie(tenant, text) if is_good(tenant, text) else False
    return is_good(tenant, request.COOKIES.get(cookie_name(), ""))


def is_good(tenant: TenantInfo, text: str) -> bool:
    """Tell whether a value was signed for this maintenance of this tenant."""
    if not text:
        return False
    try:
        with use(tenant):
            return bool(signing.loads(text, salt=SALT) == end_of(tenant))
    except BadSignature:
        return False


def cookie_name() -> str:
    """Return the cookie's name; by https a browser takes it from this host alone."""
    return "__Host-maintenance" if is_secure() else "maintenance"


def is_secure() -> bool:
    return bool(settings.TENANTRY_SCHEME == "https")


def cookie(tenant: TenantInfo, text: str) -> HttpResponseRedirect:
    """Lead to the start page with the value in a cookie."""
    leading = HttpResponseRedirect("/", headers={"Cache-Control": "no-store"})
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "path": "/"}
    leading.set_cookie(
        cookie_name(),
        text,
        expires=tenant.maintenance_until,
        secure=is_secure(),
        **options,
    )
    return leading

"""Find a tenant's values by one of its names; one query each, on the control plane."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from tenants.context import UNPLANNED, Limits, TenantInfo, use_control
from tenants.models import Domain, Tenant

#: The values that are columns of a tenant's row, and those of its plan.
COLUMNS = [
    field.name
    for field in fields(TenantInfo)
    if field.name not in {"primary_domain", "is_shadow", "limits", "live_uuid"}
]
PLANNED = [field.name for field in fields(Limits) if field.name != "plan"]


def infos(tenants: QuerySet[Tenant]) -> list[TenantInfo]:
    """Return the values of these tenants; needs the control context."""
    primary = Domain.objects.filter(
        tenant=OuterRef("pk"), is_primary=True, verified_at__isnull=False
    )
    rows = tenants.annotate(
        primary=Subquery(primary.values("domain")[:1]),
        is_shadow=Q(shadow_of__isnull=False),
    ).values_list(
        *COLUMNS,
        "primary",
        "is_shadow",
        "shadow_of__uuid",
        "plan__code",
        *(f"plan__{name}" for name in PLANNED),
    )
    return [info_of_row(row) for row in rows]


def info_of_row(row: tuple[Any, ...]) -> TenantInfo:
    size = len(COLUMNS)
    primary, is_shadow, live_uuid, plan, *limits = row[size:]
    return TenantInfo(
        **dict(zip(COLUMNS, row, strict=False)),
        primary_domain=primary or "",
        is_shadow=is_shadow,
        live_uuid=live_uuid,
        limits=UNPLANNED
        if plan is None
        else Limits(plan, **dict(zip(PLANNED, limits, strict=True))),
    )


def one(tenants: QuerySet[Tenant]) -> TenantInfo | None:
    return next(iter(infos(tenants[:1])), None)


def by_host(host: str) -> TenantInfo | None:
    """Return the tenant that a canonical host name leads to.

    A name that was not verified leads nowhere, and neither does one below the
    platform's own domain that a customer brought along.
    """
    leads = Q(domains__domain=host, domains__verified_at__isnull=False)
    if host.endswith(f".{settings.TENANTRY_PLATFORM_DOMAIN}"):
        leads &= Q(domains__kind=Domain.Kind.PLATFORM)
    with use_control():
        return one(Tenant.objects.filter(leads))


def by_uuid(uuid: UUID) -> TenantInfo | None:
    """Return the tenant with this uuid."""
    with use_control():
        return one(Tenant.objects.filter(uuid=uuid))

"""Find a tenant's values by one of its names; one query each, on the control plane."""

from dataclasses import fields
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from tenants.context import TenantInfo, use_control
from tenants.models import Domain, Tenant

NAMES = [field.name for field in fields(TenantInfo)]


def infos(tenants: QuerySet[Tenant]) -> list[TenantInfo]:
    """Return the values of these tenants; needs the control context."""
    primary = Domain.objects.filter(
        tenant=OuterRef("pk"), is_primary=True, verified_at__isnull=False
    )
    rows = tenants.annotate(primary_domain=Subquery(primary.values("domain")[:1]))
    return [
        TenantInfo(**{**row, "primary_domain": row["primary_domain"] or ""})
        for row in rows.values(*NAMES)
    ]


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

"""Find a tenant's values by one of its names; one query each, on the control plane."""

from dataclasses import fields
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from tenants.context import TenantInfo, use_control
from tenants.models import Domain, Tenant

NAMES = [field.name for field in fields(TenantInfo)]
#: Asked before almost every request, so it is written down and not built each time.
BY_HOST = """
SELECT {values}
FROM tenants_domain AS led
    JOIN tenants_tenant AS tenant ON tenant.id = led.tenant_id
    LEFT JOIN tenants_domain AS main
        ON main.tenant_id = tenant.id AND main.is_primary
        AND main.verified_at IS NOT NULL
WHERE led.domain = %s AND led.verified_at IS NOT NULL AND led.kind = ANY(%s)
""".format(
    values=", ".join(
        "coalesce(main.domain, '')" if name == "primary_domain" else f"tenant.{name}"
        for name in NAMES
    )
)


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
    is_ours = host.endswith(f".{settings.TENANTRY_PLATFORM_DOMAIN}")
    kinds = [Domain.Kind.PLATFORM] if is_ours else Domain.Kind.values
    with use_control(), connection.cursor() as cursor:
        cursor.execute(BY_HOST, [host, list(map(str, kinds))])
        row = cursor.fetchone()
    return None if row is None else TenantInfo(*row)


def by_uuid(uuid: UUID) -> TenantInfo | None:
    """Return the tenant with this uuid."""
    with use_control():
        return one(Tenant.objects.filter(uuid=uuid))

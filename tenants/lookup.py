"""Find a tenant's values by one of its names; one query each, on the control plane."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from tenants.context import TenantInfo, use_control
from tenants.models import Domain, Tenant
from tenants.plans import allowances

#: The values that are columns of a tenant's row.
COLUMNS: Final = [
    field.name
    for field in fields(TenantInfo)
    if field.name not in {"primary_domain", "is_shadow", "limits", "live_uuid"}
]
#: Asked before almost every request, so it is written down and not built each time.
VALUES: Final = f"""
SELECT {", ".join(f"tenant.{name}" for name in COLUMNS)},
    coalesce(main.domain, ''), live.uuid, {allowances.SELECTED}
FROM unnest(ARRAY({{wanted}})) WITH ORDINALITY AS wanted (id, place)
    JOIN tenants_tenant AS tenant ON tenant.id = wanted.id
    LEFT JOIN tenants_domain AS main
        ON main.tenant_id = tenant.id AND main.is_primary
        AND main.verified_at IS NOT NULL
    LEFT JOIN tenants_tenant AS live ON live.id = tenant.shadow_of_id
    {allowances.JOINED}
ORDER BY wanted.place
"""  # noqa: S608 - names of columns, written in the code
BY_HOST: Final = VALUES.format(
    wanted="""
    SELECT tenant_id FROM tenants_domain
    WHERE domain = %s AND verified_at IS NOT NULL AND kind = ANY(%s) LIMIT 1"""
)
BY_UUID: Final = VALUES.format(wanted="SELECT id FROM tenants_tenant WHERE uuid = %s")


def infos(tenants: QuerySet[Tenant]) -> list[TenantInfo]:
    """Return the values of these tenants, in their order; needs the control context."""
    if tenants.query.is_empty():
        return []
    wanted, values = tenants.values("pk").query.sql_with_params()
    return asked(VALUES.replace("{wanted}", wanted), values)


def asked(statement: str, values: Sequence[Any]) -> list[TenantInfo]:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [info_of_row(row) for row in cursor.fetchall()]


def info_of_row(row: tuple[Any, ...]) -> TenantInfo:
    size = len(COLUMNS)
    primary, live_uuid, *limits = row[size:]
    return TenantInfo(
        **dict(zip(COLUMNS, row, strict=False)),
        primary_domain=primary,
        is_shadow=live_uuid is not None,
        live_uuid=live_uuid,
        limits=allowances.limits_of_row(limits),
    )


def by_host(host: str) -> TenantInfo | None:
    """Return the tenant that a canonical host name leads to.

    A name that was not verified leads nowhere, and neither does one below the
    platform's own domain that a customer brought along.
    """
    is_ours = host.endswith(f".{settings.TENANTRY_PLATFORM_DOMAIN}")
    kinds = [Domain.Kind.PLATFORM] if is_ours else Domain.Kind.values
    return next(iter(asked(BY_HOST, [host, list(map(str, kinds))])), None)


def by_uuid(uuid: UUID) -> TenantInfo | None:
    """Return the tenant with this uuid."""
    return next(iter(asked(BY_UUID, [uuid])), None)

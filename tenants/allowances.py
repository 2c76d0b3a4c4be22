"""What a tenant may use, read with its row: its plan's, and what is its own.

All of it comes in one statement, because a tenant reads nothing of the control plane
afterwards: it carries its limits along, in TenantInfo.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Manager, OuterRef
from django.db.models.functions import JSONObject

from tenants.context import UNPLANNED, Allowed, Limits
from tenants.models import Feature, Quota, Tenant, TenantFeature, TenantQuota

#: The values that are columns of the plan.
COLUMNS: Final = [
    field.name
    for field in fields(Limits)
    if field.name not in {"plan", "plan_name", "quotas", "features"}
]
#: What `annotations` gives, in the order in which `limits_of_row` takes it.
NAMES: Final = (
    "plan__code",
    "plan__name",
    *(f"plan__{name}" for name in COLUMNS),
    "plan_quotas",
    "tenant_quotas",
    "plan_features",
    "tenant_features",
)


def annotations() -> dict[str, ArraySubquery]:
    """Return what a query of tenants needs beside its columns for `NAMES`."""
    return {
        "plan_quotas": quotas(Quota.objects, plan=OuterRef("plan_id")),
        "tenant_quotas": quotas(TenantQuota.objects, tenant=OuterRef("pk")),
        "plan_features": features(Feature.objects, plan=OuterRef("plan_id")),
        "tenant_features": features(TenantFeature.objects, tenant=OuterRef("pk")),
    }


def quotas(rows: Manager[Any], **whose: OuterRef) -> ArraySubquery:
    row = JSONObject(resource="resource", limit="limit", hard="hard")
    return ArraySubquery(rows.filter(**whose).order_by().values(row=row))


def features(rows: Manager[Any], **whose: OuterRef) -> ArraySubquery:
    row = JSONObject(code="code", value="value")
    return ArraySubquery(rows.filter(**whose).order_by().values(row=row))


def limits_of(tenant: int) -> Limits:
    """Return what the tenant with this key may use; needs the control context."""
    rows = Tenant.objects.filter(pk=tenant).annotate(**annotations())
    row = rows.values_list(*NAMES).first()
    return UNPLANNED if row is None else limits_of_row(row)


def limits_of_row(row: Iterable[Any]) -> Limits:
    """Return the limits that the values of `NAMES` say."""
    plan, name, *values, planned, own, given, own_given = row
    held = merged(planned, own, by="resource")
    features = merged(given, own_given, by="code")
    limits = Limits(
        plan or "",
        name or "",
        **dict(zip(COLUMNS, values, strict=True)),
        quotas=tuple(Allowed(**held[name]) for name in sorted(held)),
        features=tuple(
            (code, json.dumps(features[code]["value"], sort_keys=True))
            for code in sorted(features)
        ),
    )
    return UNPLANNED if limits == UNPLANNED else limits


def merged(
    planned: Iterable[Mapping[str, Any]], own: Iterable[Mapping[str, Any]], *, by: str
) -> dict[str, Mapping[str, Any]]:
    """Return rows by their name; what is the tenant's own stands above the plan's."""
    return {row[by]: row for rows in (planned, own) for row in rows}

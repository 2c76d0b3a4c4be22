"""What a tenant may use, read with its row: its plan's, and what is its own.

All of it comes in one statement, because a tenant reads nothing of the control plane
afterwards: it carries its limits along, in TenantInfo.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from django.db import connection

from tenants.context import UNPLANNED, Allowed, Limits, use_control

#: The values that are columns of the plan.
COLUMNS: Final = [
    field.name
    for field in fields(Limits)
    if field.name not in {"plan", "plan_name", "quotas", "features"}
]
QUOTA: Final = "'resource', resource, 'limit', \"limit\", 'hard', hard"
FEATURE: Final = "'code', code, 'value', value"


def together(row: str, table: str, whose: str) -> str:
    """Return the SQL of all rows that are somebody's, as the text of one JSON array."""
    rows = f"json_agg(json_build_object({row}))"
    found = f"SELECT coalesce({rows}, '[]')::text"
    return f"({found} FROM {table} WHERE {whose})"


#: What of a tenant's row and its plan's is selected, for `limits_of_row`.
SELECTED: Final = ", ".join(
    (
        "plan.code, plan.name",
        *(f"plan.{name}" for name in COLUMNS),
        together(QUOTA, "tenants_quota", "plan_id = tenant.plan_id"),
        together(QUOTA, "tenants_tenantquota", "tenant_id = tenant.id"),
        together(FEATURE, "tenants_feature", "plan_id = tenant.plan_id"),
        together(FEATURE, "tenants_tenantfeature", "tenant_id = tenant.id"),
    )
)
#: Where it is selected from, beside the tenant.
JOINED: Final = "LEFT JOIN tenants_plan AS plan ON plan.id = tenant.plan_id"
OF_ONE: Final = f"""
SELECT {SELECTED} FROM tenants_tenant AS tenant {JOINED} WHERE tenant.id = %s
"""  # noqa: S608 - names of columns, written in the code


def limits_of(tenant: int) -> Limits:
    """Return what the tenant with this key may use."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(OF_ONE, [tenant])
        row = cursor.fetchone()
    return UNPLANNED if row is None else limits_of_row(row)


def limits_of_row(row: Iterable[Any]) -> Limits:
    """Return the limits that the values of `SELECTED` say."""
    plan, name, *values = row
    planned, own, given, own_given = map(json.loads, values[len(COLUMNS) :])
    held = merged(planned, own, by="resource")
    features = merged(given, own_given, by="code")
    limits = Limits(
        plan or "",
        name or "",
        **dict(zip(COLUMNS, values, strict=False)),
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

"""The plan for programs: what the workspace uses, and the most that it may use."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from accounts import signed_in
from accounts.api.answering import uncached
from accounts.authentication import TenantAuth
from tenants.context import current_tenant
from tenants.life import trials
from tenants.plans import features, quotas, rates

READ = "tenant.manage"

# Without a scope: what an owner alone may see, no token names.
router = Router(auth=TenantAuth())


class UsageOut(Schema):
    """What is used of a resource; `limit` is null where there is none."""

    resource: str
    used: int
    limit: int | None
    #: Whether more than the limit is refused.
    hard: bool
    #: unlimited, fine, near, full or over
    level: str


class PlanOut(Schema):
    """The plan's code, its limits and what is used of them."""

    plan: str | None
    name: str | None
    requests_per_minute: int | None
    #: When the trial ends; null where there is none.
    trial_ends_at: datetime | None
    features: dict[str, Any]
    usage: list[UsageOut]


@router.get("/plan", response=PlanOut, summary="The plan and what is used of it")
def get_plan(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Answer the plan, to owners."""
    signed_in.require(request, READ)
    uncached(response)
    tenant = current_tenant()
    return {
        "plan": tenant.limits.plan or None,
        "name": tenant.limits.plan_name or None,
        "requests_per_minute": rates.per_minute(tenant) or None,
        "trial_ends_at": trials.ends_at(tenant),
        "features": {
            code: features.value(code) for code, _text in tenant.limits.features
        },
        "usage": [
            {
                "resource": use.resource,
                "used": use.used,
                "limit": use.limit,
                "hard": use.hard,
                "level": use.level,
            }
            for use in quotas.uses()
        ],
    }

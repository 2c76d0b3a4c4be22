"""The page of the plan: what the workspace uses, and the most that it may use."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.pages import settings
from kernel import clock
from tenants.context import TenantInfo, current_tenant
from tenants.life import trials
from tenants.models import Resource
from tenants.plans import quotas, rates
from tenants.plans.quotas import Use

#: Who may see it; only an operator changes it.
READ: Final = "tenant.manage"

#: What a level is called and how it looks; the word says it without the colour.
LEVELS: Final = {
    "fine": (gettext_lazy("Enough left"), "good", "circle-check"),
    "near": (gettext_lazy("Nearly used up"), "warn", "triangle-alert"),
    "full": (gettext_lazy("Used up"), "warn", "triangle-alert"),
    "over": (gettext_lazy("More than the plan gives"), "bad", "circle-alert"),
    "unlimited": (gettext_lazy("No limit"), "", "circle-check"),
}


@dataclass(frozen=True)
class Row:
    """One resource in words."""

    name: str
    label: str
    used: str
    limit: str
    #: How full the bar is, at most 100; None without a limit.
    percent: int | None
    level: str
    word: str
    tone: str
    icon: str
    is_soft: bool


@require_safe
@settings.page(READ)
def plan(request: HttpRequest) -> HttpResponse:
    """Show owners the plan, its limits, and what is used of them."""
    tenant = current_tenant()
    rows = [row_of(use) for use in quotas.uses()]
    return settings.show(
        request,
        "plan",
        heading=_("Plan and usage"),
        lead=_("What this workspace uses, and the most that its plan gives."),
        plan=tenant.limits.plan_name,
        **trial_of(tenant),
        per_minute=rates.per_minute(tenant),
        rows=rows,
        is_short=any(row.level in {"full", "over"} for row in rows),
    )


def trial_of(tenant: TenantInfo) -> dict[str, Any]:
    """Return when the trial ends and in how many days, begun ones counted."""
    ends_at = trials.ends_at(tenant)
    if ends_at is None:
        return {"trial_days": None, "trial_ends_at": None}
    left = math.ceil((ends_at - clock.now()) / timedelta(days=1))
    return {"trial_days": max(left, 0), "trial_ends_at": ends_at}


def row_of(use: Use) -> Row:
    word, tone, icon = LEVELS[use.level]
    return Row(
        name=use.resource,
        label=use.label,
        used=amount(use.resource, use.used),
        limit="" if use.limit is None else amount(use.resource, use.limit),
        percent=None if use.percent is None else min(use.percent, 100),
        level=use.level,
        word=str(word),
        tone=tone,
        icon=icon,
        is_soft=use.limit is not None and not use.hard,
    )


def amount(resource: str, number: int) -> str:
    """Return a number as people read it: bytes in larger units."""
    if resource == Resource.STORAGE_BYTES:
        return str(filesizeformat(number))
    return str(number_format(number, use_l10n=True))

"""What the entered tenant demands of a sign-in: a second factor, and how long it lasts.

A tenant sets its own limits within those of the product; one that demands second
factors has shorter ones. What is demanded of operators is a setting of the platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Subquery
from django.db.models.functions import JSONObject

from accounts import conf
from accounts.models import TenantBranding
from tenants import context

IDLE = timedelta(days=14)
LONGEST = timedelta(days=30)
#: The most that a tenant may allow, where it demands no second factors.
MOST_IDLE = timedelta(days=30)
#: The same where it does (NIST SP 800-63B-4, AAL2).
IDLE_WITH_FACTORS = timedelta(hours=1)
LONGEST_WITH_FACTORS = timedelta(hours=24)


@dataclass(frozen=True)
class Demands:
    """The rules of one tenant for the devices that are signed in."""

    second_factor: bool
    idle: timedelta
    longest: timedelta


def current() -> Demands:
    """Return the rules of the entered tenant, in one query."""
    return read(TenantBranding.objects.filter(pk=1).values_list(_rules()).first())


def joined() -> Subquery:
    """Return the rules as a column of another query; `read` understands it."""
    return Subquery(TenantBranding.objects.filter(pk=1).values_list(_rules()))


def _rules() -> JSONObject:
    return JSONObject(
        factor="require_mfa", hours="session_idle_hours", days="session_longest_days"
    )


def read(found: Any) -> Demands:
    """Return the rules that a row of the branding gives; a missing row, the default."""
    row: Mapping[str, Any] = (found[0] if isinstance(found, tuple) else found) or {}
    return made(
        second_factor=bool(row.get("factor")) or _of_operators(),
        hours=row.get("hours"),
        days=row.get("days"),
    )


def made(*, second_factor: bool, hours: int | None, days: int | None) -> Demands:
    """Return what these rules of a tenant come to; None is the product's default."""
    idle = timedelta(hours=hours) if hours else IDLE
    longest = timedelta(days=days) if days else LONGEST
    if second_factor:
        return Demands(
            second_factor=True,
            idle=min(idle, IDLE_WITH_FACTORS),
            longest=min(longest, LONGEST_WITH_FACTORS),
        )
    return Demands(
        second_factor=False, idle=min(idle, MOST_IDLE), longest=min(longest, LONGEST)
    )


def _of_operators() -> bool:
    """Tell whether operators are here, and need a second factor."""
    return context.in_control() and conf.operators_require_factor()

"""Change what the tenant demands of a sign-in: a second factor, and how long it lasts.

    sign_in_rules.change({"session_idle_hours": 8}, by=owner, via="session")

Owners change these rules and administrators read them; a program does neither. What a
rule means for the devices that are signed in stands in `accounts.demands`.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import demands, events, factors, sessions
from accounts.branding import changing
from accounts.branding.rules import camel
from accounts.demands import Demands
from accounts.errors import (
    SecondFactorFirst,
    SignInRulesChanged,
    SignInRulesInvalid,
)
from accounts.models import TenantBranding, User
from kernel.errors import Forbidden

READ: Final = "branding.manage"
CHANGE: Final = "tenant.manage"
#: What may be set, with the least and the most; `None` is the product's default.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "session_idle_hours": (1, demands.MOST_IDLE // timedelta(hours=1)),
    "session_longest_days": (1, demands.LONGEST.days),
}
FIELDS: Final = ("require_mfa", *BOUNDS)


def standing() -> TenantBranding:
    """Return the row that holds the rules, as it is or as it would be made."""
    return changing.standing()


def values_of(row: TenantBranding) -> dict[str, Any]:
    """Return the rules as they are stored, by field."""
    return {field: getattr(row, field) for field in FIELDS}


def version_of(row: TenantBranding) -> str:
    """Return a word that changes with every change of the rules."""
    return hashlib.sha256(repr(values_of(row)).encode()).hexdigest()[:16]


def demands_of(row: TenantBranding) -> Demands:
    """Return what holds with these rules; demanded factors make the limits shorter."""
    return demands.made(
        second_factor=row.require_mfa,
        hours=row.session_idle_hours,
        days=row.session_longest_days,
    )


@transaction.atomic
def change(
    values: Mapping[str, Any],
    *,
    by: User,
    via: str,
    client: str = "",
    version: str = "",
) -> TenantBranding:
    """Set the given rules and leave the others; a None goes back to the default.

    They hold at once: devices past a shorter limit are signed out, the own one as
    well. Whoever calls has asked for a fresh proof.
    Raises SignInRulesInvalid, which names every wrong field; SignInRulesChanged where
    `version` is not the present one; SecondFactorFirst where second factors shall be
    demanded by somebody who has none; Forbidden for all but owners.
    """
    # The person first, as everywhere: the own factor and role stay as they are found.
    owner: User = User.objects.select_for_update().get(pk=by.pk)
    if not owner.may(CHANGE):
        raise Forbidden
    row = _locked(version)
    before, rules_before = values_of(row), demands_of(row)
    after = {**before, **checked(values)}
    if after["require_mfa"] and not before["require_mfa"]:
        _require_own_factor(owner)
    changed = {field: after[field] for field in FIELDS if after[field] != before[field]}
    if changed:
        _write(row, changed)
        sessions.end_overdue(rules_before, demands_of(row))
        told = _told(before, changed)
        events.record(
            "sign_in_rules.changed", by=by, via=via, client=client, details=told
        )
    return row


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored.

    Raises SignInRulesInvalid with a sentence for each field that is wrong; KeyError
    for a field that is no rule.
    """
    problems = {field: _problem(field, value) for field, value in values.items()}
    errors = [
        {"field": camel(field), "message": message}
        for field, message in problems.items()
        if message
    ]
    if errors:
        raise SignInRulesInvalid(extra={"errors": errors})
    return {
        field: bool(value) if field == "require_mfa" else value
        for field, value in values.items()
    }


def _problem(field: str, value: Any) -> str:
    if field == "require_mfa":
        is_answer = value is None or isinstance(value, bool)
        return "" if is_answer else _("Say yes or no.")
    least, most = BOUNDS[field]
    # A bool is an int to Python and no number to anybody else.
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if value is None or (is_number and least <= value <= most):
        return ""
    told = {"least": least, "most": most}
    return _("Write a whole number from %(least)d to %(most)d, or nothing.") % told


def _locked(version: str) -> TenantBranding:
    row = changing.locked()
    if version and version != version_of(row):
        raise SignInRulesChanged
    return row


def _require_own_factor(owner: User) -> None:
    """Raise SecondFactorFirst: who demands a factor has shown how it is done."""
    if not factors.is_enrolled(owner):
        raise SecondFactorFirst


def _write(row: TenantBranding, values: Mapping[str, Any]) -> None:
    for field, value in values.items():
        setattr(row, field, value)
    row.save(update_fields=list(values))


def _told(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new and the old values for the event."""
    old = {f"{field}_before": before[field] for field in after}
    return {**after, **old}

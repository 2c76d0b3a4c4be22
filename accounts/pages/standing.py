"""How an account is shown: where it stands, its role, its groups."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.people_forms import ROLE_WORDS
from accounts.permissions import RESERVED_GROUPS

#: Where an account stands: its words, its tone, its icon.
STATUSES: dict[str, tuple[Promise, str, str]] = {
    "active": (_("Active"), "good", "circle-check"),
    "waiting": (_("Not in yet"), "info", "clock"),
    "deactivated": (_("Deactivated"), "warn", "circle-slash"),
    "deleted": (_("Deleted"), "", "circle-slash"),
}


def status_of(user: User) -> str:
    """Return the word for where the account stands."""
    if user.anonymised_at is not None:
        return "deleted"
    if user.deactivated_at is not None:
        return "deactivated"
    return "active" if user.is_active else "waiting"


def row(user: User) -> dict[str, Any]:
    status = status_of(user)
    label, tone, icon = STATUSES[status]
    return {
        "user": user,
        "role": ROLE_WORDS[User.Role(user.role)],
        "is_special": user.role != User.Role.MEMBER,
        "groups": [
            name
            for name in user.group_names  # type: ignore[attr-defined]
            if name not in RESERVED_GROUPS
        ],
        "has_factor": user.has_factor,  # type: ignore[attr-defined]
        "status": status,
        "status_label": label,
        "status_tone": tone,
        "status_icon": icon,
    }

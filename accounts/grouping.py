"""Groups by name: the role's own one, and those that processes ask for."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import events, roles
from accounts.errors import GroupUnknown, RoleTooHigh
from accounts.models import SecurityEvent, User
from accounts.permissions import RESERVED_GROUPS, ROLE_GROUPS
from kernel.text import storable

USER_MANAGER = "User Manager"
LONGEST = 150
SYSTEM = SecurityEvent.Via.SYSTEM


def read(groups: Iterable[Mapping[str, Any]] | None) -> dict[str, bool]:
    """Return which named group is wanted; of two entries the later one counts."""
    return {str(one["name"]).strip(): bool(one["enabled"]) for one in groups or ()}


def role_of(wanted: Mapping[str, bool], role: str) -> str:
    """Return the role that the named groups lead to.

    Raises RoleTooHigh where they name a group that no list of groups gives or takes.
    """
    held = ROLE_GROUPS[role]
    for name in RESERVED_GROUPS - {USER_MANAGER}:
        if name in wanted and wanted[name] != (name in held):
            raise RoleTooHigh(f"The group {name} is not given by its name.")
    if USER_MANAGER not in wanted:
        return role
    if not wanted[USER_MANAGER]:
        return "member"
    return role if USER_MANAGER in held else "admin"


def known(wanted: Iterable[str]) -> set[str]:
    """Return those of the names that are groups and belong to no role."""
    names = {
        name
        for name in set(wanted) - RESERVED_GROUPS
        if len(name) <= LONGEST and storable(name)
    }
    return set(Group.objects.filter(name__in=names).values_list("name", flat=True))


def require_known(wanted: Iterable[str]) -> None:
    """Raise GroupUnknown naming the first name that is no group."""
    names = set(wanted) - RESERVED_GROUPS
    missing = sorted(names - known(names))
    if missing:
        raise GroupUnknown(extra={"errors": [{"field": missing[0][:LONGEST]}]})


@transaction.atomic
def change(
    user: User,
    wanted: Mapping[str, bool],
    *,
    by: User | None = None,
    via: str = SYSTEM,
) -> None:
    """Add and remove the named groups; `User Manager` is the role `admin`.

    Unknown names are skipped with an event. Raises RoleTooHigh for `Owner` and
    `Superuser`, and what `roles.set_role` raises.
    """
    role = role_of(wanted, user.role)
    if role != user.role:
        roles.set_role(user, role, by=by, via=via)
    there = known(wanted)
    for name in sorted(set(wanted) - RESERVED_GROUPS - there):
        details = {"group": name[:LONGEST]} if storable(name) else {}
        events.record("group.unknown", subject=user, by=by, via=via, details=details)
    added = _member_of({name for name in there if wanted[name]}, user, are=False)
    removed = _member_of({name for name in there if not wanted[name]}, user, are=True)
    user.groups.add(*added)
    user.groups.remove(*removed)
    if added or removed:
        moved = {"added": _names(added), "removed": _names(removed)}
        events.record("group.changed", subject=user, by=by, via=via, details=moved)


def _member_of(names: set[str], user: User, *, are: bool) -> list[Group]:
    """Return the named groups that the person is in, or is not in."""
    held = user.groups.filter(name__in=names)
    wanted = Group.objects.filter(name__in=names)
    return list(held if are else wanted.exclude(pk__in=held.values("pk")))


def _names(groups: Iterable[Group]) -> list[str]:
    return sorted(group.name for group in groups)

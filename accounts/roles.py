"""Roles and their mirror in groups: the one place that writes both.

Whoever acts is `by`; without, it is trusted code. The rules hold for people only, the
last owner is kept from everybody.
"""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import events, inviting, sessions
from accounts.errors import (
    LastOwner,
    NotUserManager,
    OwnersOnly,
    OwnRole,
    RoleTooHigh,
    RoleUnknown,
)
from accounts.models import SecurityEvent, User
from accounts.permissions import RESERVED_GROUPS, ROLE_GROUPS, ROLES, rank

SYSTEM = SecurityEvent.Via.SYSTEM


@transaction.atomic
def set_role(
    user: User, role: str, *, by: User | None = None, via: str = SYSTEM
) -> None:
    """Give the role and its groups, and end access that was given for the old one.

    Raises RoleUnknown; LastOwner where no owner would be left; for a person who acts
    NotUserManager, OwnRole, OwnersOnly and RoleTooHigh.
    """
    if role not in ROLES:
        raise RoleUnknown
    owners = lock_owners()
    present = User.objects.select_for_update().get(pk=user.pk)
    if role != present.role:
        _require_may_set(present, role, by=by)
        if role != User.Role.OWNER:
            require_other_owner(present, owners)
    _write(user, present, role, by=by, via=via)


def lock_owners() -> Sequence[User]:
    """Return the owners of the tenant, locked in one order until the commit.

    Whoever takes an owner away begins with this, so two cannot do it at once.
    """
    owners = User.objects.select_for_update().filter(role=User.Role.OWNER)
    return list(owners.order_by("pk"))


def require_other_owner(user: User, owners: Sequence[User]) -> None:
    """Raise LastOwner where, without this person, nobody could act as an owner."""
    if user.pk not in {owner.pk for owner in owners}:
        return
    others = [owner for owner in owners if owner.pk != user.pk]
    active = [owner for owner in others if owner.is_active]
    # A first owner who never came in may give way to another who has not yet.
    if not (active if user.is_active else others):
        raise LastOwner


def require_may_manage(user: User, *, by: User | None) -> None:
    """Raise unless the acting person may change this account as it is now."""
    if by is None:
        return
    if not by.may("users.manage"):
        raise NotUserManager
    if user.role == User.Role.OWNER and by.role != User.Role.OWNER:
        raise OwnersOnly
    # Whoever moves an administrator's address comes in as an administrator.
    is_program = by.kind == User.Kind.SERVICE
    if is_program and user.pk != by.pk and user.role != User.Role.MEMBER:
        raise NotUserManager


def require_may_give(role: str, *, by: User | None) -> None:
    """Raise unless the acting person may give this role to others.

    To let somebody in as a member takes no more than the right to let people in,
    which the caller asks for.
    """
    if by is None:
        return
    if role != User.Role.MEMBER and not by.may("roles.assign"):
        raise NotUserManager
    if rank(role) > rank(by.role):
        raise RoleTooHigh


def now(by: User | None) -> User | None:
    """Return the acting person with the rights of this moment."""
    return None if by is None else User.objects.get(pk=by.pk)


def _require_may_set(user: User, role: str, *, by: User | None) -> None:
    if user.kind == User.Kind.SERVICE:
        raise RoleTooHigh("A service account stays a member.")
    if by is None:
        return
    if by.pk == user.pk:
        raise OwnRole
    actor = now(by)
    require_may_manage(user, by=actor)
    if actor is None or not actor.may("roles.assign"):
        raise NotUserManager
    require_may_give(role, by=actor)


def _write(user: User, present: User, role: str, *, by: User | None, via: str) -> None:
    changed = present.role != role
    user.role = User.Role(role)
    user.is_staff = present.is_superuser or user.is_administrator_role
    user.token_version = present.token_version + changed
    user.save(update_fields=["role", "is_staff", "token_version"])
    _mirror(user)
    if not changed:
        return
    details = {"role": role, "before": present.role}
    events.record("role.changed", subject=user, by=by, via=via, details=details)
    sessions.end_all(user, reason="role_changed")
    inviting.revoke_unbacked(user)


def _mirror(user: User) -> None:
    wanted = set(ROLE_GROUPS[user.role])
    outdated = RESERVED_GROUPS - wanted - {"Superuser"}
    user.groups.remove(*Group.objects.filter(name__in=outdated))
    _join(user, wanted)


def add_groups(user: User, names: Iterable[str]) -> None:
    """Put the person into the named groups; reserved ones follow the role only."""
    _join(user, set(names) - RESERVED_GROUPS)


def _join(user: User, names: set[str]) -> None:
    if names:
        ensure_groups(names)
        user.groups.add(*Group.objects.filter(name__in=names))


def ensure_groups(names: Iterable[str]) -> None:
    """Make the groups that are missing."""
    Group.objects.bulk_create(
        [Group(name=name) for name in sorted(set(names))], ignore_conflicts=True
    )

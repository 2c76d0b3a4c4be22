"""Roles and their mirror in groups: the one place that writes both."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import events
from accounts.models import User
from accounts.permissions import RESERVED_GROUPS, ROLE_GROUPS


@transaction.atomic
def set_role(user: User, role: str, *, by: User | None = None) -> None:
    """Give the role and its groups, and end access that was given for the old one."""
    changed = user.role != role
    user.role = User.Role(role)
    user.is_staff = user.is_superuser or role in {User.Role.OWNER, User.Role.ADMIN}
    if changed:
        user.token_version += 1
        events.record("role.changed", subject=user, by=by, details={"role": role})
    user.save(update_fields=["role", "is_staff", "token_version"])
    _mirror(user)


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

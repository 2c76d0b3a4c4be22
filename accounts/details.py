"""What is told about accounts, by the API and by the seed's functions."""

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import MfaDevice, User


def of(user: User) -> dict[str, Any]:
    """Return the account as a dictionary; one query, for groups and second factor."""
    held = told(User.objects.filter(pk=user.pk)).values("group_names", "has_factor")
    return _as_dict(user, **held.get())


def of_all(users: "QuerySet[User]") -> list[dict[str, Any]]:
    """Return each account as a dictionary; one query for all of them."""
    return [
        _as_dict(user, group_names=user.group_names, has_factor=user.has_factor)
        for user in told(users)
    ]


def told(users: "QuerySet[User]") -> Any:
    """Return the rows with the names of their groups and whether they have a factor."""
    groups = Group.objects.filter(user=OuterRef("pk")).order_by("name").values("name")
    factors = MfaDevice.objects.filter(user=OuterRef("pk"), confirmed_at__isnull=False)
    return users.annotate(group_names=ArraySubquery(groups), has_factor=Exists(factors))


def _as_dict(user: User, *, group_names: list[str], has_factor: bool) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "force_password_reset": user.force_password_reset,
        "groups": group_names,
        "email_verified": user.is_email_verified,
        "role": str(user.role),
        "mfa_enabled": has_factor,
        "last_sign_in_at": user.last_login,
    }

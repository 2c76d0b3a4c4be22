"""What is told about an account, by the API and by the seed's function."""

from typing import Any

from accounts.models import User


def of(user: User) -> dict[str, Any]:
    """Return the account as a dictionary; one query, for the groups."""
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "force_password_reset": user.force_password_reset,
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "email_verified": user.is_email_verified,
        "role": str(user.role),
        "mfa_enabled": False,
        "last_sign_in_at": user.last_login,
    }

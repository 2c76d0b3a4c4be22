"""Operators: people of the public schema, who run the platform and no tenant."""

from django.db import transaction

from accounts import events, people
from accounts.errors import NameTaken
from accounts.models import User
from tenants import context
from tenants.context import NoTenantError


@transaction.atomic
def create(*, username: str, email: str, password: str) -> User:
    """Return a new operator, in the control plane only.

    Raises NoTenantError in a tenant, NameTaken, and what names and passwords deserve.
    """
    if not context.in_control():
        raise NoTenantError("Operators live in the control plane.")
    if User.objects.named(username).exists() or User.objects.named(email).exists():
        raise NameTaken
    operator = people.create_person(
        username=username,
        email=email,
        role=User.Role.ADMIN,
        password=password,
    )
    operator.is_superuser = operator.is_staff = True
    operator.save(update_fields=["is_superuser", "is_staff"])
    events.record("operator.created", subject=operator)
    return operator

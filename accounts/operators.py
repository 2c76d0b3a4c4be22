"""Operators: people of the public schema, who run the platform and no tenant."""

from django.db import transaction

from accounts import addresses, events, people
from accounts.errors import NameInvalid, NameTaken, PasswordTooShort
from accounts.models import User
from kernel.text import require_storable
from tenants import context
from tenants.context import NoTenantError


@transaction.atomic
def create(*, username: str, email: str, password: str) -> User:
    """Return a new operator, in the control plane only.

    Raises NoTenantError in a tenant, NameTaken, NameInvalid, EmailInvalid, Invalid for
    what cannot be stored, and the PasswordRefused that fits.
    """
    if not context.in_control():
        raise NoTenantError("Operators live in the control plane.")
    _require_usable(username, email, password)
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


def _require_usable(username: str, email: str, password: str) -> None:
    """Look at what somebody typed; development is lenient with weak passwords only."""
    require_storable(username=username, email=email, password=password)
    if not addresses.clean_name(username):
        raise NameInvalid("An operator needs a user name.")
    norm = addresses.normalise(email.strip())
    if "@" in username and addresses.normalise_username(username.strip()) != norm:
        raise NameInvalid("A user name with an @ has to be the e-mail address.")
    if not password:
        raise PasswordTooShort

"""Make people by trusted code: seeding, commands, provisioning and tests."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import addresses, events, passwords, roles
from accounts.models import User
from kernel import clock
from kernel.text import require_storable


@transaction.atomic
def create_person(
    *,
    username: str,
    email: str,
    first_name: str = "",
    last_name: str = "",
    role: str = "member",
    groups: Sequence[str] = (),
    password: str | None = None,
    verified: bool = True,
    language: str = "",
    by: User | None = None,
) -> User:
    """Return a new person of the entered schema, with role and named groups.

    Without a password only a set-password ticket lets the person in.
    A password that breaks the rules is refused, except in development.
    Groups that are missing are made.
    """
    require_storable(username=username, email=email)
    user = User(
        username=username.strip(),
        email=email.strip(),
        first_name=addresses.clean_name(first_name),
        last_name=addresses.clean_name(last_name),
        language=language,
        is_active=verified,
        email_verified_at=clock.now() if verified else None,
        password=_hash(password, context=(username, email, first_name, last_name)),
    )
    user.normalise_names()
    user.save()
    roles.set_role(user, role, by=by)
    roles.add_groups(user, groups)
    events.record("user.created", subject=user, by=by, details={"role": role})
    return user


def _hash(password: str | None, *, context: Sequence[str]) -> str:
    if password is not None and not settings.DEVELOPMENT_MODE:
        passwords.check_context(password, context=context)
    prepared = None if password is None else passwords.prepare(password)
    return make_password(prepared)

"""Change an account as one person asks for it: names, address, groups, activity."""

from dataclasses import dataclass

from django.db import transaction

from accounts import (
    addresses,
    challenges,
    email_change,
    events,
    grouping,
    lifecycle,
    notices,
    passwords,
    roles,
    sessions,
    unproven,
)
from accounts.errors import (
    Anonymised,
    NameTaken,
    NoValidFields,
    UseChangePassword,
)
from accounts.hiring import TAKEN
from accounts.models import SecurityEvent, User

SYSTEM = SecurityEvent.Via.SYSTEM


@dataclass(frozen=True)
class Changes:
    """What is asked for; None leaves a thing as it is."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    password: str | None = None
    is_active: bool | None = None
    groups: dict[str, bool] | None = None

    @property
    def is_empty(self) -> bool:
        return self == Changes()

    @property
    def is_for_managers(self) -> bool:
        """Whether only a user manager may ask for this."""
        return self.is_active is not None or self.groups is not None


def change(
    user: User,
    changes: Changes,
    *,
    by: User | None = None,
    client: str = "-",
    via: str = SYSTEM,
) -> str:
    """Carry the changes out, all or none; return the flow secret of a new address.

    It is empty where no code was sent: trusted code writes an address at once, and so
    does a manager where none was proven yet.
    Raises NoValidFields, EmailInvalid, NameInvalid, NameTaken, RoleTooHigh,
    NotUserManager, OwnersOnly, OwnRole, LastOwner, PasswordRefused, UseChangePassword,
    Anonymised.
    """
    if changes.is_empty:
        raise NoValidFields
    if user.anonymised_at is not None:
        raise Anonymised
    _require_may(user, changes, by=by)
    moves = changes.email is not None and email_change.is_other(user, changes.email)
    with transaction.atomic():
        if changes.is_for_managers:
            roles.lock_owners()  # before any other row, as everywhere
        _name(user, changes, by=by, via=via)
        if changes.password is not None:
            _set_password(user, changes.password)
        if moves and _is_at_once(user, by):
            email_change.change_at_once(user, changes.email or "", by=by, via=via)
        if changes.groups is not None:
            grouping.change(user, changes.groups, by=by, via=via)
        if changes.is_active is not None:
            end = lifecycle.reactivate if changes.is_active else lifecycle.deactivate
            end(user, by=by, via=via)
    if not moves or by is None or _is_at_once(user, by):
        return ""
    # The limits of mails count on their own, so this stands outside.
    return email_change.request(
        user, changes.email or "", by=by, client=client, via=via
    )


def _require_may(user: User, changes: Changes, *, by: User | None) -> None:
    if by is None:
        return
    if changes.password is not None:
        raise UseChangePassword
    if by.pk != user.pk or changes.is_for_managers:
        roles.require_may_manage(user, by=roles.now(by))
    # Managers see everybody's address; others are not told whose it is.
    if changes.email is not None and by.may("users.manage"):
        email_norm = addresses.normalise(changes.email.strip())
        if unproven.holders(email_norm).exclude(pk=user.pk).exists():
            raise NameTaken(TAKEN)


def _is_at_once(user: User, by: User | None) -> bool:
    return by is None or (by.pk != user.pk and not user.is_email_verified)


def _name(user: User, changes: Changes, *, by: User | None, via: str) -> None:
    names = {"first_name": changes.first_name, "last_name": changes.last_name}
    typed = {name: value for name, value in names.items() if value is not None}
    if not typed:
        return
    for name, value in typed.items():
        setattr(user, name, addresses.clean_name(value))
    user.save(update_fields=list(typed))
    details = {"fields": sorted(typed)}
    events.record("user.changed", subject=user, by=by, via=via, details=details)


def _set_password(user: User, password: str) -> None:
    names = (user.username, user.email.partition("@")[0], user.first_name)
    passwords.check(password, context=(*names, user.last_name))
    passwords.set_password(user, passwords.hashed(password))
    sessions.end_all(user, reason="password_changed")
    challenges.drop_tickets(user)
    events.record("password.changed", subject=user)
    notices.password_changed(user)

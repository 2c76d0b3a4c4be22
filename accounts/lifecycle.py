"""The ends of an account: deactivated, active again, anonymised.

    pending ──▶ active ◀──▶ deactivated ──▶ anonymised

A row is never deleted, because work and its history point at it.
"""

import secrets

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from accounts import api_tokens, challenges, events, inviting, roles, seats, sessions
from accounts.api_tokens import Door
from accounts.errors import Anonymised
from accounts.mail import forgetting
from accounts.models import (
    ApiToken,
    Invitation,
    MfaDevice,
    RecoveryCode,
    RefreshSession,
    SecurityEvent,
    User,
)
from kernel import clock

SYSTEM = SecurityEvent.Via.SYSTEM
#: A domain that is reserved for addresses that lead nowhere.
NOWHERE = "deleted.invalid"


@transaction.atomic
def deactivate(user: User, *, by: User | None = None, via: str = SYSTEM) -> None:
    """Let the person in no more: devices, tokens, tickets and invitations end at once.

    Raises LastOwner, and for a person who acts NotUserManager and OwnersOnly.
    """
    present = _locked(user, by=by)
    if present.deactivated_at is None:
        _close(present, by=by, via=via)
        events.record("user.deactivated", subject=user, by=by, via=via)
    user.refresh_from_db()


@transaction.atomic
def reactivate(user: User, *, by: User | None = None, via: str = SYSTEM) -> None:
    """Let a deactivated person in again; who never proved the mailbox still has to.

    Raises Anonymised, QuotaExceeded where no seat is left, and for a person who acts
    NotUserManager and OwnersOnly.
    """
    present = User.objects.select_for_update().get(pk=user.pk)
    roles.require_may_manage(present, by=roles.now(by))
    if present.anonymised_at is not None:
        raise Anonymised
    if present.deactivated_at is not None:
        is_person = present.kind == User.Kind.PERSON
        if is_person and present.is_email_verified:
            seats.take(present)
        present.deactivated_at = present.deactivated_by = None
        present.is_active = present.is_email_verified or not is_person
        present.save(update_fields=["deactivated_at", "deactivated_by", "is_active"])
        events.record("user.reactivated", subject=user, by=by, via=via)
    user.refresh_from_db()


@transaction.atomic
def anonymise(user: User, *, by: User | None = None, via: str = SYSTEM) -> None:
    """Remove what names the person and keep the row, so that history stays whole.

    People may do this to themselves, and managers to others. Raises LastOwner, and
    NotUserManager and OwnersOnly for a manager who may not.
    """
    is_own = by is not None and by.pk == user.pk
    present = _locked(user, by=None if is_own else by)
    if present.anonymised_at is None:
        forgetting.forget(present)
        _close(present, by=by, via=via)
        _forget(present)
        events.record("user.anonymised", subject=user, by=by, via=via)
    user.refresh_from_db()


def _locked(user: User, *, by: User | None) -> User:
    owners = roles.lock_owners()
    present: User = User.objects.select_for_update().get(pk=user.pk)
    roles.require_may_manage(present, by=roles.now(by))
    roles.require_other_owner(present, owners)
    return present


def _close(user: User, *, by: User | None, via: str) -> None:
    user.is_active = False
    user.deactivated_at = user.deactivated_at or clock.now()
    user.deactivated_by = by
    user.token_version += 1
    user.save(
        update_fields=["is_active", "deactivated_at", "deactivated_by", "token_version"]
    )
    sessions.end_all(user, reason="deactivated")
    challenges.drop_tickets(user)
    api_tokens.revoke_all(user, by=by, door=Door(via=via))
    inviting.revoke_unbacked(user)


def _forget(user: User) -> None:
    """Give the row a name that is nobody's, and drop what only this person used."""
    Invitation.objects.filter(
        Q(email_norm=user.email_norm) | Q(accepted_by=user)
    ).delete()
    user.username = user.username_norm = _nobodys_name(user)
    user.email = user.email_norm = f"{user.username}@{NOWHERE}"
    user.first_name = user.last_name = user.language = user.time_zone = ""
    user.password = make_password(None)
    user.email_verified_at = None
    user.role, user.is_staff = User.Role.MEMBER, False
    user.anonymised_at = clock.now()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    for kept in (MfaDevice, RecoveryCode, RefreshSession, ApiToken):
        kept._default_manager.filter(user=user).delete()  # noqa: SLF001 - Django's public name
    user.challenges.all().delete()
    # What the admin remembers of a row is its name.
    LogEntry.objects.filter(
        content_type__app_label="accounts",
        content_type__model="user",
        object_id=str(user.pk),
    ).update(object_repr=user.username)


def _nobodys_name(user: User) -> str:
    """Return a user name for the row, also where somebody took the first one."""
    name = f"deleted-{user.pk}"
    if User.objects.filter(username_norm=name).exists():
        return f"{name}-{secrets.token_hex(8)}"
    return name

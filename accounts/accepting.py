"""Come in by an invitation: look at it, then accept it, once.

Unknown, used, withdrawn and expired ones get one answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import (
    addresses,
    challenges,
    events,
    grouping,
    invitations,
    limits,
    passwords,
    registration,
    roles,
    seats,
)
from accounts.errors import (
    InvitationDead,
    MissingFields,
    SignInToAccept,
    WrongAccount,
)
from accounts.models import Invitation, User
from accounts.permissions import rank
from kernel import clock

#: No token is longer; what is longer is not looked for.
LONGEST_TOKEN = 200


@dataclass(frozen=True)
class Newcomer:
    """What somebody typed who comes in by an invitation, checked."""

    first_name: str
    last_name: str
    password_hash: str


def look(token: str, *, client: str = "-") -> Invitation:
    """Return the invitation of a token as it is shown before acceptance.

    Raises InvitationDead and Throttled.
    """
    invitations.require_tenant()
    limits.hit("verify.client", client)
    return _usable(_found(token))


def account_of(invitation: Invitation) -> User | None:
    """Return the account that signs in to accept, where there is one."""
    found: User | None = (
        User.objects.people()
        .filter(email_norm=invitation.email_norm, email_verified_at__isnull=False)
        .first()
    )
    return found


def accept(
    token: str,
    *,
    first_name: str = "",
    last_name: str = "",
    password: str = "",
    by: User | None = None,
    client: str = "-",
) -> User:
    """Let the invited person in and return the account; a token does this once.

    A new person gives names and a password, which are checked before anything is
    looked up. Somebody with an account of that address signs in first (`by`), keeps
    the password and gets the role where it is more than the present one.
    Raises InvitationDead, SignInToAccept, WrongAccount, MissingFields, NameInvalid,
    PasswordRefused, QuotaExceeded and Throttled.
    """
    invitations.require_tenant()
    limits.hit("verify.client", client)
    newcomer = None if by else _check(first_name, last_name, password)
    _usable(_found(token))
    with transaction.atomic():
        # Before any invitation and account, as everywhere: who deactivates the inviter
        # at the same time has these first, and withdraws the invitation then.
        roles.lock_owners()
        invitation = _usable(_found(token, lock=True))
        if newcomer:
            _check_against(invitation, password)
            user = _let_in(invitation, newcomer)
        else:
            user = _joined(invitation, by)
        _give(invitation, user)
        _close(invitation, user, client=client)
    return user


def _found(token: str, *, lock: bool = False) -> Invitation | None:
    if not token or len(token) > LONGEST_TOKEN:
        return None
    rows = Invitation.objects.select_related("invited_by")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.filter(token_hash=invitations.token_hash(token)).first()


def _usable(invitation: Invitation | None) -> Invitation:
    if invitation is None or not invitations.is_usable(invitation):
        raise InvitationDead
    return invitation


def _check(first_name: str, last_name: str, password: str) -> Newcomer:
    typed: Mapping[str, str] = {
        "firstName": first_name,
        "lastName": last_name,
        "password": password,
    }
    missing = [name for name, value in typed.items() if not value.strip()]
    if missing:
        raise MissingFields(f"Missing required field(s): {', '.join(missing)}")
    names = addresses.clean_name(first_name), addresses.clean_name(last_name)
    passwords.check(password, context=names)
    return Newcomer(*names, passwords.hashed(password))


def _check_against(invitation: Invitation, password: str) -> None:
    # In a transaction, so nobody is asked; `_check` has done that.
    local_part = invitation.email_norm.partition("@")[0]
    passwords.check_context(password, context=(local_part,))


def _let_in(invitation: Invitation, newcomer: Newcomer) -> User:
    """Return the new account, or the one that never proved this mailbox, active now."""
    fresh = User(
        username=registration.username_for(None, invitation.email_norm),
        email=invitation.email,
        language=invitation.language,
        password=make_password(None),
        date_joined=clock.now(),
    )
    fresh.normalise_names()
    User.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = User.objects.select_for_update()
    user: User = rows.get(email_norm=invitation.email_norm)
    if user.deactivated_at is not None:
        raise InvitationDead
    if user.is_email_verified:
        raise SignInToAccept
    seats.take(user)
    user.first_name, user.last_name = newcomer.first_name, newcomer.last_name
    user.email_verified_at, user.is_active = clock.now(), True
    user.save(
        update_fields=["first_name", "last_name", "email_verified_at", "is_active"]
    )
    # A stranger's registration of this address opens nothing any more.
    challenges.drop_tickets(user)
    passwords.set_password(user, newcomer.password_hash)
    return user


def _joined(invitation: Invitation, by: User | None) -> User:
    user: User | None = by and User.objects.select_for_update().get(pk=by.pk)
    if user is None or not user.is_active:
        raise InvitationDead
    if user.email_norm != invitation.email_norm or not user.is_email_verified:
        raise WrongAccount("This invitation is for another address.")
    return user


def _give(invitation: Invitation, user: User) -> None:
    """Give role and groups in the name of the inviter; nothing is ever taken away."""
    if rank(invitation.role) > rank(user.role):
        roles.set_role(user, invitation.role, by=invitation.invited_by)
    grouping.change(
        user, dict.fromkeys(invitation.groups, True), by=invitation.invited_by
    )


def _close(invitation: Invitation, user: User, *, client: str) -> None:
    invitation.accepted_at, invitation.accepted_by = clock.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    events.record(
        "invitation.accepted",
        subject=user,
        by=user,
        client=client,
        details={"id": invitation.pk, "role": invitation.role},
    )

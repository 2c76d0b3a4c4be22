"""Get in again: a code to the mailbox, a ticket for the code, a new password."""

from typing import Literal
from uuid import UUID

from django.db import transaction

from accounts import (
    addresses,
    api_tokens,
    challenges,
    code_mails,
    email_change,
    events,
    limits,
    notices,
    passwords,
    registration,
    seats,
    sessions,
)
from accounts.challenges import Verified
from accounts.errors import (
    EmailInvalid,
    MissingFields,
    PasswordMismatch,
    ReauthenticationRequired,
    TicketRequired,
    WrongAccount,
)
from accounts.models import Challenge, SecurityEvent, User
from kernel import clock

Purpose = Challenge.Purpose


def request_code(*, email: str, flow: str = "", client: str = "-") -> str:
    """Send a code to the address if it has an account; return the flow secret.

    An account that never proved its mailbox gets a registration code; a deactivated
    or unknown one nothing, with the same work. Above the limits nothing is sent and
    the last code of the flow stays valid.
    Raises EmailInvalid for what is no address, and Throttled.
    """
    if not email.strip():
        raise MissingFields("Email is required.")
    limits.hit("request.client", client)
    email_norm = addresses.normalise(email.strip())
    used = flow or challenges.new_flow()
    may_send = challenges.may_send(email_norm)
    user = User.objects.people().filter(email_norm=email_norm).first()
    purpose = _purpose(user)
    if not may_send and challenges.open_in_flow(purpose, email_norm, used):
        return used
    with transaction.atomic():
        receiver = user if may_send and user and not user.deactivated_at else None
        new = challenges.issue_code(
            purpose, email_norm=email_norm, flow=used, user=receiver, client=client
        )
        events.record("reset.requested", subject=receiver, client=client)
        if receiver is None or new.is_decoy:
            code_mails.send_nothing()
        else:
            code_mails.send(new, receiver)
    return used


def _purpose(user: User | None) -> str:
    is_pending = user is not None and not user.is_email_verified
    return Purpose.REGISTER if is_pending else Purpose.RESET


def verify_code(*, email: str, code: str, flow: str, client: str = "-") -> Verified:
    """Compare a code of this flow; a right one proves a mailbox or earns a ticket.

    Raises MissingFields and Throttled, and RegistrationClosed for a right code of a
    registration that the tenant takes no more; every other answer is in the verdict.
    """
    if not email.strip() or not code.strip():
        raise MissingFields("Email and code are required.")
    limits.hit("verify.client", client)
    email_norm = addresses.normalise_or_none(email.strip()) or ""
    return challenges.verify(
        email_norm=email_norm, code=code, flow=flow, apply=_apply_code
    )


def _apply_code(challenge: Challenge) -> str | Literal[False] | None:
    if challenge.purpose == Purpose.REGISTER:
        return registration.apply_verified(challenge)
    if challenge.purpose == Purpose.EMAIL_CHANGE:
        return email_change.apply_verified(challenge)
    if challenge.purpose != Purpose.RESET:
        return False
    user = User.objects.select_for_update().get(pk=challenge.user_id)
    if user.deactivated_at:
        return False
    events.record("reset.verified", subject=user, by=user)
    return challenges.issue_reset_ticket(user)


def change_with_ticket(
    *, ticket: str, password: str, password_verify: str, email: str | None = None
) -> User:
    """Set a new password by a ticket and end all access of the old one, API tokens too.

    A set-up ticket also proves the mailbox it was sent to.
    Raises PasswordMismatch, PasswordRefused, TicketRequired or QuotaExceeded; nothing
    is changed and the ticket is not spent by a refused password.
    """
    email_norm = None if email is None else _normalised(email)
    _check_typed(password, password_verify, email_norm or "")
    user = challenges.ticket_owner(ticket, email_norm=email_norm)
    hashed = passwords.hashed(password)
    if user is None or user.deactivated_at:
        raise TicketRequired
    _check_against(user, password)
    with transaction.atomic():
        # The row first, as everywhere, so that two tickets cannot wait for each other.
        user = _locked(user)
        spent = challenges.spend_ticket(ticket, email_norm=email_norm)
        if not spent or user.deactivated_at:
            raise TicketRequired
        _open_account(user)
        _replace_password(user, hashed, keep=None, via=SecurityEvent.Via.SYSTEM)
        # Who had to get in again may not have been alone: nothing made before counts.
        api_tokens.revoke_all(user, by=user)
    return user


def _normalised(email: str) -> str:
    try:
        return addresses.normalise(email.strip())
    except EmailInvalid:
        raise TicketRequired from None


def _open_account(user: User) -> None:
    if not user.is_email_verified:
        seats.take(user)
        user.email_verified_at = clock.now()
        user.is_active = True
        user.save(update_fields=["email_verified_at", "is_active"])


def change_own(
    user: User,
    *,
    email: str,
    password: str,
    password_verify: str,
    current_password: str | None,
    keep: UUID | None = None,
    via: str = SecurityEvent.Via.TOKEN,
    is_trusted: bool = False,
) -> User:
    """Set a new password for a signed-in person who types the current one.

    Other devices are signed out; the device `keep` stays.
    Trusted server code may leave the current password out.
    Raises WrongAccount, ReauthenticationRequired, PasswordMismatch, PasswordRefused.
    """
    if addresses.normalise_or_none(email.strip()) != user.email_norm:
        raise WrongAccount
    _check_typed(password, password_verify, user.email_norm or "")
    _check_against(user, password)
    if not is_trusted:
        _require_current(user, current_password)
    hashed = passwords.hashed(password)
    with transaction.atomic():
        locked = _locked(user)
        # What ended this access meanwhile, as another change does, ends this as well.
        if not is_trusted and locked.token_version != user.token_version:
            raise ReauthenticationRequired
        if keep is not None:
            sessions.require_still_in(keep, locked)
        _replace_password(locked, hashed, keep=keep, via=via)
    return locked


def _locked(user: User) -> User:
    found: User = User.objects.select_for_update().get(pk=user.pk)
    return found


def _require_current(user: User, current_password: str | None) -> None:
    limits.hit("password.account", str(user.pk))
    if not current_password or not passwords.matches(user, current_password):
        raise ReauthenticationRequired


def _check_typed(password: str, password_verify: str, email_norm: str) -> None:
    if password != password_verify:
        raise PasswordMismatch
    passwords.check(password, context=(email_norm.partition("@")[0],))


def _check_against(user: User, password: str) -> None:
    names = (user.username.partition("@")[0], user.first_name, user.last_name)
    passwords.check_context(password, context=names)


def _replace_password(user: User, hashed: str, *, keep: UUID | None, via: str) -> None:
    passwords.set_password(user, hashed)
    sessions.end_all(user, reason="password_changed", but=keep)
    if keep is not None:
        sessions.renew(keep, user)
    challenges.drop_tickets(user)
    events.record("password.changed", subject=user, by=user, via=via)
    notices.password_changed(user)

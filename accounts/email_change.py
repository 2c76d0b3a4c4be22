"""Another address for an account: a code to the new one, a notice to both.

Whether the asking person proved lately who it is, is asked at the edge.
"""

from typing import Literal

from django.db import IntegrityError, transaction

from accounts import addresses, challenges, code_mails, events, notices, unproven
from accounts.errors import NameTaken
from accounts.models import Challenge, SecurityEvent, User
from kernel import clock

SYSTEM = SecurityEvent.Via.SYSTEM


def is_other(user: User, email: str) -> bool:
    """Tell whether this is another mailbox than the account's. Raises EmailInvalid."""
    return addresses.normalise(email.strip()) != user.email_norm


def request(
    user: User,
    email: str,
    *,
    by: User,
    flow: str = "",
    client: str = "-",
    via: str = SYSTEM,
) -> str:
    """Send a code to the new address; return the flow secret that it will need.

    An address that has an account gets nothing, with the same work and answer; one
    that a stranger only registered has none.
    Above the limits nothing is sent. Raises EmailInvalid.
    """
    email_norm = addresses.normalise(email.strip())
    may_send = challenges.may_send(email_norm)
    used = flow or challenges.new_flow()
    with transaction.atomic():
        is_free = not unproven.holders(email_norm).exists()
        new = challenges.issue_code(
            Challenge.Purpose.EMAIL_CHANGE,
            email_norm=email_norm,
            flow=used,
            user=user if is_free and may_send else None,
            payload={"email": email.strip()},
            language=user.language,
            client=client,
        )
        events.record(
            "email.change_requested", subject=user, by=by, via=via, client=client
        )
        if new.challenge.user is None:
            code_mails.send_nothing()
        else:
            code_mails.send_email_change(new, to=email.strip(), language=user.language)
    return used


def apply_verified(challenge: Challenge) -> Literal[False] | None:
    """Give the account its new address: in the transaction that consumed the code.

    Returns False where the account was closed, or the address taken, in the meantime.
    """
    user = User.objects.select_for_update().get(pk=challenge.user_id)
    if not user.is_active or "email" not in challenge.payload:
        return False
    old = user.email
    try:
        with transaction.atomic():
            _move(user, challenge.payload["email"], is_verified=True)
    except IntegrityError:
        return False
    _tell(user, old, by=user, via=SYSTEM)
    return None


@transaction.atomic
def change_at_once(
    user: User, email: str, *, by: User | None = None, via: str = SYSTEM
) -> None:
    """Write another address by trusted code, or where none was proven yet.

    The mailbox has to be proven before the next sign-in.
    Raises EmailInvalid and NameTaken.
    """
    old = user.email
    try:
        with transaction.atomic():
            _move(user, email.strip(), is_verified=False)
    except IntegrityError:
        raise NameTaken from None
    _tell(user, old, by=by, via=via)


def _move(user: User, email: str, *, is_verified: bool) -> None:
    """Write the address; the user name follows where it was the old one."""
    if user.username_norm == user.email_norm:
        user.username = email
    user.email = email
    user.normalise_names()
    unproven.release(user.email_norm or "")
    user.email_verified_at = clock.now() if is_verified else None
    user.save(
        update_fields=[
            "username",
            "username_norm",
            "email",
            "email_norm",
            "email_verified_at",
        ]
    )


def _tell(user: User, old: str, *, by: User | None, via: str) -> None:
    # What was sent to the old mailbox must open nothing any more.
    challenges.drop_tickets(user)
    events.record("email.changed", subject=user, by=by, via=via)
    for mailbox in (old, user.email):
        notices.email_changed(user, to=mailbox, new_address=user.email)

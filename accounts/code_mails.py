"""The mails that carry codes, and what is written where none is sent."""

from accounts import mail, notices
from accounts.challenges import SETUP_LIFE, NewCode
from accounts.mail.composing import put_nothing
from accounts.models import Challenge, Invitation, User
from kernel import clock
from tenants import hosts

INVITATION = "/accounts/invitation"
DAY_SECONDS = 86_400

TEMPLATES = {
    Challenge.Purpose.REGISTER: "accounts/verification_code",
    Challenge.Purpose.RESET: "accounts/reset_code",
}
#: What stands before the key of a challenge.
RELATED = "challenge:"


def send(new: NewCode, user: User, *, language: str = "") -> None:
    """Put the code into the outbox; it dies with its challenge."""
    template = TEMPLATES[Challenge.Purpose(new.challenge.purpose)]
    _send(template, new, to=user.email, language=language or user.language)


def send_email_change(new: NewCode, *, to: str, language: str = "") -> None:
    """Put the code that proves a person's new address into the outbox."""
    _send("accounts/email_change_code", new, to=to, language=language)


def send_reply_to(new: NewCode, *, to: str, language: str = "") -> None:
    """Put the code that proves an address for answers into the outbox."""
    _send("accounts/reply_to_code", new, to=to, language=language)


def send_invitation(invitation: Invitation, token: str) -> None:
    """Put the link of an invitation into the outbox; it dies with the invitation."""
    inviter = invitation.invited_by
    left = invitation.expires_at - clock.now()
    mail.put(
        "accounts/invitation",
        to=[invitation.email],
        context={
            "person": inviter.display_name if inviter else "",
            "role": invitation.role,
            "days": max(1, round(left.total_seconds() / DAY_SECONDS)),
        },
        secret_context={"url": hosts.absolute_url(invitation_path(token))},
        language=invitation.language,
        expires_at=invitation.expires_at,
    )


def invitation_path(token: str) -> str:
    """Return the page where an invitation is accepted; a fragment reaches no server."""
    return f"{INVITATION}#token={token}"


def _send(template: str, new: NewCode, *, to: str, language: str) -> None:
    challenge = new.challenge
    life = challenge.expires_at - challenge.created_at
    mail.put(
        template,
        to=[to],
        context={"minutes": int(life.total_seconds() // 60)},
        secret_context={"code": new.code},
        language=language,
        expires_at=challenge.expires_at,
        related=related(challenge),
    )


def related(challenge: Challenge) -> str:
    """Return what a mail is related to, so that a new code can be made for it."""
    return f"{RELATED}{challenge.pk}"


def send_setup(user: User, ticket: str) -> None:
    """Put the set-password link into the outbox; its secret stands in the fragment."""
    mail.put(
        "accounts/account_setup",
        to=[user.email],
        context={"person": user.display_name, "days": SETUP_LIFE.days},
        secret_context={"url": hosts.absolute_url(setup_path(ticket))},
        language=user.language,
    )


def setup_path(ticket: str) -> str:
    """Return the page where a set-up ticket is used; a fragment reaches no server."""
    return f"/accounts/set-password#ticket={ticket}"


def send_already_registered(user: User) -> None:
    """Tell the owner of the mailbox that the account is there."""
    notices.already_registered(user)


def send_nothing() -> None:
    """Do the same work where nobody gets a mail."""
    put_nothing()

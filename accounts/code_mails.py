"""The mails that carry codes, and what is written where none is sent."""

from accounts import mail, notices
from accounts.challenges import NewCode
from accounts.mail.composing import put_nothing
from accounts.models import Challenge, User
from tenants import hosts

TEMPLATES = {
    Challenge.Purpose.REGISTER: "accounts/verification_code",
    Challenge.Purpose.RESET: "accounts/reset_code",
}
#: What stands before the key of a challenge.
RELATED = "challenge:"


def send(new: NewCode, user: User, *, language: str = "") -> None:
    """Put the code into the outbox; it dies with its challenge."""
    challenge = new.challenge
    life = challenge.expires_at - challenge.created_at
    mail.put(
        TEMPLATES[Challenge.Purpose(challenge.purpose)],
        to=[user.email],
        context={"minutes": int(life.total_seconds() // 60)},
        secret_context={"code": new.code},
        language=language or user.language,
        expires_at=challenge.expires_at,
        related=related(challenge),
    )


def related(challenge: Challenge) -> str:
    """Return what a mail is related to, so that a new code can be made for it."""
    return f"{RELATED}{challenge.pk}"


def send_setup(user: User, ticket: str, challenge_life_days: int) -> None:
    """Put the set-password link into the outbox; its secret stands in the fragment."""
    mail.put(
        "accounts/account_setup",
        to=[user.email],
        context={"person": user.display_name, "days": challenge_life_days},
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

"""Between the password and the second factor: a ticket of 5 minutes and 5 tries."""

from datetime import timedelta
from typing import Final

from django.db.models import F, Q

from accounts import challenges
from accounts.models import Challenge, User
from kernel import clock, codes
from tenants import signing

LIFE: Final = timedelta(minutes=5)
SECONDS: Final = int(LIFE.total_seconds())
TRIES: Final = 5


def issue(user: User) -> str:
    """Return a new right to show the second factor; the password was right."""
    ticket = codes.new_secret()
    now = clock.now()
    Challenge.objects.create(
        purpose=Challenge.Purpose.MFA_TICKET,
        user=user,
        email_norm=user.email_norm or "",
        secret_hash=_hash(ticket),
        payload={"tv": user.token_version},
        attempts_left=TRIES,
        created_at=now,
        expires_at=now + LIFE,
    )
    return ticket


def find(ticket: str) -> Challenge | None:
    """Return the open ticket with its person, where both count; spends nothing."""
    found = (
        Challenge.objects.open(at=clock.now())
        .select_related("user")
        .filter(purpose=Challenge.Purpose.MFA_TICKET, secret_hash=_hash(ticket))
        .first()
    )
    if found is None or found.user is None or not found.user.is_active:
        return None
    # What ends access while the person looks for the telephone ends this as well.
    return found if found.payload.get("tv") == found.user.token_version else None


def take_try(ticket: Challenge) -> int | None:
    """Spend one try before anything is compared.

    Returns how many are left, or None where there was none.
    """
    spent = (
        Challenge.objects.open(at=clock.now())
        .filter(pk=ticket.pk, attempts_left__gt=0)
        .update(attempts_left=F("attempts_left") - 1)
    )
    if not spent:
        return None
    ticket.refresh_from_db(fields=["attempts_left"])
    return ticket.attempts_left


def consume(ticket: Challenge) -> bool:
    """Use the ticket up; of many at once a single one succeeds."""
    return challenges.consume(Q(pk=ticket.pk))


def _hash(ticket: str) -> bytes:
    return signing.digest(ticket, salt="accounts.mfa_ticket")

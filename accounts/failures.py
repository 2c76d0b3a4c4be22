"""Failed sign-ins: pauses for a typed name, and an end for a password under attack.

Devices that the person used before are a class of their own in each of them, so a
stranger's failures never keep the owner out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import transaction

from accounts import events, limits
from accounts.models import User
from kernel import clock

TAKE_TRY = Path(__file__).with_name("sql").joinpath("take_try.sql").read_text("utf-8")
#: Failures in a row that disable a password: from strange devices there, from known
#: ones everywhere; together NIST's 100.
MOST_FROM_STRANGERS: Final = 80
MOST_FROM_KNOWN: Final = 20


@dataclass(frozen=True)
class Attempt:
    """One try to sign in: under which name, as whom, from where."""

    typed: str
    user: User | None
    client: str
    is_known: bool

    @property
    def who(self) -> tuple[str, ...]:
        """What the counters of the client are kept under, for its class."""
        if self.user and self.is_known:
            return (self.client, f"known.{self.user.pk}")
        return (self.client,)

    @property
    def most(self) -> int:
        return MOST_FROM_KNOWN if self.is_known else MOST_FROM_STRANGERS


def require_slow(attempt: Attempt) -> None:
    """Raise Throttled above the limits, LimiterDown without a store."""
    limits.hit("sign_in.client", *attempt.who)
    limits.require_no_pause(attempt.typed, *attempt.who)


def take_try(attempt: Attempt) -> int | None:
    """Count a failure before the comparison; a right password takes it back.

    Returns how many there are now, or None where the password is disabled here. An
    unknown name costs the same statement.
    """
    values = {
        "user": attempt.user.pk if attempt.user else 0,
        "is_known": attempt.is_known,
        "most": attempt.most,
    }
    return limits.counted(TAKE_TRY, values)


def count(attempt: Attempt, *, failures: int | None) -> None:
    """Make the next pause longer, and disable the password at the last failure."""
    limits.count_failure(attempt.typed, *attempt.who)
    events.record("sign_in_failed", subject=attempt.user, client=attempt.client)
    if attempt.user is not None and failures == attempt.most:
        _disable(attempt.user, everywhere=attempt.is_known)


def forget(attempt: Attempt) -> None:
    """Begin anew after a right password, for its own class of device."""
    column = "failed_known_sign_ins" if attempt.is_known else "failed_sign_ins"
    if attempt.user is not None:
        User.objects.filter(pk=attempt.user.pk).update(**{column: 0})
    limits.forget_failures(attempt.typed, *attempt.who)


@transaction.atomic
def _disable(user: User, *, everywhere: bool) -> None:
    if everywhere:
        User.objects.filter(pk=user.pk).update(password_disabled_at=clock.now())
    where = "everywhere" if everywhere else "strange devices"
    events.record("password.disabled", subject=user, details={"where": where})

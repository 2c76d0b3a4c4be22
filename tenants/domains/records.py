"""What stands in a row of a custom domain, and what its owner puts into the DNS."""

import random
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tenants.models import Domain

#: How long a claim waits for its record.
CLAIM_DAYS: Final = timedelta(days=7)
#: How long a name that was verified stays its former owner's.
COOL_DOWN: Final = timedelta(days=30)
CHECK_EVERY: Final = timedelta(days=1)
JITTER: Final = timedelta(hours=2)
PREFIX: Final = "tenantry-verify="


class Stage(StrEnum):
    """What a row of a custom domain is."""

    CLAIMED = "claimed"
    VERIFIED = "verified"
    LAPSED = "lapsed"
    #: Nobody's; it only keeps other tenants from the name for a while.
    RELEASED = "released"


def stage(domain: Domain) -> Stage:
    """Return what a row is. One that was taken up again is a claim, or lapsed still."""
    if domain.verified_at:
        return Stage.VERIFIED
    if not domain.verification_token:
        return Stage.RELEASED
    return Stage.LAPSED if domain.lapsed_at else Stage.CLAIMED


def new_token() -> str:
    """Return 128 random bits."""
    return secrets.token_hex(16)


def record_name(domain: str) -> str:
    """Return the name of the TXT record."""
    return f"_tenantry.{domain}"


def record_value(token: str) -> str:
    """Return the text of the TXT record."""
    return PREFIX + token


def blocked_until(domain: Domain) -> datetime | None:
    """Return until when a row keeps other tenants from its name, or None.

    A verified row does so for ever, and is asked about elsewhere.
    """
    ends = [at for at in (domain.lapsed_at, domain.released_at) if at]
    return max(ends) + COOL_DOWN if ends else None


def next_check(now: datetime) -> datetime:
    """Return when a verified name is looked at again: in a day, not all at once."""
    return now + CHECK_EVERY + JITTER * random.uniform(-1, 1)  # noqa: S311 - spreads load

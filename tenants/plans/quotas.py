"""How much of what a tenant has, and how much its plan gives.

    quotas.require("seats")    # raises QuotaExceeded where no more is given

What a plan says nothing about is not even counted. A soft quota is told of in the log
and on the page of the plan, and refuses nobody.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from tenants.advisory import half
from tenants.context import Allowed, TenantInfo, current
from tenants.errors import QuotaExceeded
from tenants.models import Resource

logger = logging.getLogger(__name__)

#: How long a count is taken for the present one, where nothing is at stake.
KEPT_SECONDS: Final = 60
#: What is counted anew under a lock each time: of two who take the last one, one does.
LOCKED: Final = frozenset({Resource.SEATS, Resource.API_TOKENS})
NEAR_PERCENT: Final = 80
FULL_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Use:
    """What a tenant has of a resource, and the most that it may have, if any."""

    resource: str
    used: int
    limit: int | None
    hard: bool = True

    @property
    def label(self) -> str:
        return str(Resource(self.resource).label)

    @property
    def percent(self) -> int | None:
        """Whole percents of the limit, rounded down; None where there is none."""
        if self.limit is None:
            return None
        return FULL_PERCENT if not self.limit else self.used * 100 // self.limit

    @property
    def level(self) -> str:
        """Return `unlimited`, `fine`, `near` from 80 % on, `full`, or `over`."""
        if self.limit is None or self.percent is None:
            return "unlimited"
        if self.used > self.limit:
            return "over"
        if self.percent >= FULL_PERCENT:
            return "full"
        return "near" if self.percent >= NEAR_PERCENT else "fine"


def require(resource: str, *, adding: int = 1) -> None:
    """Let the entered tenant have so much more of a resource.

    Raises QuotaExceeded where its plan does not give it. What is counted under a lock
    needs a transaction, which holds the lock to its end; call it after the locks of
    rows, so that everybody takes them in one order.
    """
    allowed = allowed_of(resource)
    if allowed is None or adding <= 0:
        return
    used = sure(resource) if resource in LOCKED else likely(allowed, adding)
    warn(allowed, used, adding)
    if allowed.hard and used + adding > allowed.limit:
        raise refusal(allowed, used)
    if resource not in LOCKED:
        note(resource, adding)


def allowed_of(resource: str) -> Allowed | None:
    """Return how much the entered tenant may have; None where nothing is said.

    Operators on the control plane have no plan.
    """
    context = current()
    if not isinstance(context, TenantInfo) or resource not in counters():
        return None
    quotas = context.limits.quotas
    return next((one for one in quotas if one.resource == resource), None)


def uses() -> list[Use]:
    """Return what the entered tenant has of each resource that is counted."""
    return [use_of(resource) for resource in counters()]


def use_of(resource: str) -> Use:
    used = count(resource) if resource in LOCKED else remembered(resource)
    allowed = allowed_of(resource)
    if allowed is None:
        return Use(resource, used, None, hard=False)
    return Use(resource, used, allowed.limit, allowed.hard)


# Counting


def counters() -> dict[str, str]:
    """Return the dotted names of who counts what."""
    counters: dict[str, str] = settings.TENANT_QUOTA_COUNTERS
    return counters


def count(resource: str) -> int:
    """Return what the tables say now."""
    counter: Callable[[], int] = import_string(counters()[resource])
    return counter()


def sure(resource: str) -> int:
    """Return what the tables say, with nobody else adding until the commit."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{resource} are counted in a transaction only.")
    keys = half(current().uuid.bytes), half(f"quota:{resource}".encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", keys)
    return count(resource)


def likely(allowed: Allowed, adding: int) -> int:
    """Return a count of the last minute; one of now before anybody is refused."""
    used = remembered(allowed.resource)
    if used + adding <= allowed.limit:
        return used
    return counted(allowed.resource)


def remembered(resource: str) -> int:
    with suppress(RedisError, OSError):
        known = cache.get(key(resource))
        if known is not None:
            return int(known)
    return counted(resource)


def counted(resource: str) -> int:
    """Count, and remember it for a minute."""
    used = count(resource)
    with suppress(RedisError, OSError):
        cache.set(key(resource), used, KEPT_SECONDS)
    return used


def note(resource: str, adding: int) -> None:
    """Add to what is remembered, which is not kept any longer for it."""
    with suppress(RedisError, OSError, ValueError):  # no value: it is counted next time
        cache.incr(key(resource), adding)


def key(resource: str) -> str:
    return f"quota:{resource}"


# Telling


def warn(allowed: Allowed, used: int, adding: int) -> None:
    """Write into the log that a quota is nearly used up, or is, as that happens."""
    for percent in (FULL_PERCENT, NEAR_PERCENT):
        # Whole numbers: the first that is not below so many percent.
        mark = -(-allowed.limit * percent // 100)
        if used < mark <= used + adding:
            logger.warning(
                "quota.near",
                extra={
                    "resource": allowed.resource,
                    "limit": allowed.limit,
                    "used": used,
                    "adding": adding,
                    "percent": percent,
                },
            )
            return


def refusal(allowed: Allowed, used: int) -> QuotaExceeded:
    label = Resource(allowed.resource).label
    return QuotaExceeded(
        f"The plan of this workspace gives no more of this ({label}: {allowed.limit})."
        " Make room, or ask for a larger plan.",
        extra={"resource": allowed.resource, "limit": allowed.limit, "used": used},
    )

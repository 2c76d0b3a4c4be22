"""The one limiter: counts in rows, one atomic statement a hit.

A hit commits on its own, so a failure afterwards cannot take it back; do not call it
inside a transaction that may roll back. Keys are hashed with the tenant's uuid.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F

from accounts.errors import LimiterDown, Throttled
from accounts.models import LimitCounter
from kernel import clock
from tenants import context

UPSERT = Path(__file__).with_name("sql").joinpath("hit.sql").read_text("utf-8")
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """At most `most` hits in each window; one hit means so long a distance."""

    most: int
    window: timedelta


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: The limits by scope; ACCOUNTS_LIMITS replaces single ones by (most, seconds).
LIMITS = {
    "sign_in.client": Limit(20, MINUTE),
    "mfa.account": Limit(10, HOUR),
    "refresh.client": Limit(120, MINUTE),
    "refresh.session": Limit(60, MINUTE),
    "api_token.client": Limit(20, MINUTE),
    "api_token.told": Limit(1, HOUR),
    "verify.client": Limit(20, MINUTE),
    "verify.account": Limit(10, HOUR),
    "password.account": Limit(10, HOUR),
    "code_mail.minute": Limit(1, MINUTE),
    "code_mail.hour": Limit(5, HOUR),
    "code_mail.day": Limit(10, DAY),
    "code_mail.tenant": Limit(100, HOUR),
    "request.client": Limit(60, HOUR),
    "register.client": Limit(20, HOUR),
    "register.tenant": Limit(200, HOUR),
    "domain.add": Limit(30, HOUR),
    "domain.check": Limit(60, HOUR),
    "invitation.hour": Limit(50, HOUR),
    "invitation.day": Limit(200, DAY),
    "code_failure.tenant": Limit(200, HOUR),
    "code_failure.flood": Limit(1000, HOUR),
    "mail.again": Limit(60, HOUR),
    "mail.test": Limit(10, HOUR),
}
CODE_MAIL = ("code_mail.minute", "code_mail.hour", "code_mail.day")

#: Failed sign-ins of one name from one client: free ones, then growing pauses.
FREE_FAILURES = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
PAUSE_SCOPE = "sign_in.pause"


def limit(scope: str) -> Limit:
    """Return the limit in force for a scope."""
    replaced = getattr(settings, "ACCOUNTS_LIMITS", {}).get(scope)
    if replaced:
        return Limit(replaced[0], timedelta(seconds=replaced[1]))
    return LIMITS[scope]


def hit(scope: str, *keys: str) -> None:
    """Count one try. Raises Throttled above the limit, LimiterDown without a store."""
    if not allowed(scope, *keys):
        raise Throttled(headers={"Retry-After": str(_seconds_left(scope))})


def allowed(scope: str, *keys: str) -> bool:
    """Count one try and tell whether it is within the limit."""
    rule = limit(scope)
    if rule.most == 1:
        return _is_spaced(scope, keys, rule.window)
    return count(scope, *keys) <= rule.most


def give_back(scope: str, *keys: str) -> None:
    """Take one hit of the present window back: what was counted was no failure."""
    try:
        LimitCounter.objects.filter(
            scope=scope,
            key_hash=_key_hash(keys),
            window_start=_window_start(limit(scope)),
            hits__gt=0,
        ).update(hits=F("hits") - 1)
    except DatabaseError as error:
        raise LimiterDown(headers={"Retry-After": "5"}) from error


def count(scope: str, *keys: str) -> int:
    """Count one hit and return how many there are in this window."""
    return _count(scope, keys, window_start=_window_start(limit(scope)))


def note(scope: str, *keys: str) -> None:
    """Remember that something happened now; `happened` tells for how long."""
    _count(scope, keys, window_start=EPOCH)


def happened(scope: str, *keys: str, within: timedelta) -> bool:
    """Tell whether something was noted so lately."""
    counter = _find(scope, keys, window_start=EPOCH)
    return counter is not None and clock.now() <= counter.last_hit_at + within


def spent(scope: str, *keys: str) -> bool:
    """Tell whether the limit is used up, without counting."""
    rule = limit(scope)
    counter = _find(scope, keys, window_start=_window_start(rule))
    return counter is not None and counter.hits >= rule.most


def require_no_pause(*keys: str) -> None:
    """Raise Throttled while the pause after too many failures lasts."""
    counter = _find(PAUSE_SCOPE, keys, window_start=EPOCH)
    if counter is None or counter.hits < FREE_FAILURES:
        return
    left = counter.last_hit_at + pause_after(counter.hits) - clock.now()
    if left > timedelta(0):
        seconds = math.ceil(left.total_seconds())
        raise Throttled(headers={"Retry-After": str(seconds)})


def count_failure(*keys: str) -> None:
    """Count one failed sign-in for the pauses."""
    _count(PAUSE_SCOPE, keys, window_start=EPOCH)


def forget_failures(*keys: str) -> None:
    """Begin anew after a success."""
    try:
        LimitCounter.objects.filter(
            scope=PAUSE_SCOPE, key_hash=_key_hash(keys), window_start=EPOCH
        ).delete()
    except DatabaseError as error:
        raise LimiterDown(headers={"Retry-After": "5"}) from error


def pause_after(failures: int) -> timedelta:
    """Return the pause after so many failures in a row: 30 s, doubled, up to 1 h."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _count(scope: str, keys: tuple[str, ...], *, window_start: datetime) -> int:
    return _hit(scope, keys, window_start=window_start, if_before=FOREVER) or 0


def _is_spaced(scope: str, keys: tuple[str, ...], distance: timedelta) -> bool:
    """Take the place of the last hit if that is far enough away."""
    before = clock.now() - distance
    return _hit(scope, keys, window_start=EPOCH, if_before=before) is not None


def _hit(
    scope: str,
    keys: tuple[str, ...],
    *,
    window_start: datetime,
    if_before: datetime,
) -> int | None:
    values: dict[str, str | bytes | datetime] = {
        "scope": scope,
        "key_hash": _key_hash(keys),
        "window_start": window_start,
        "now": clock.now(),
        "if_before": if_before,
    }
    return counted(UPSERT, values)


def counted(statement: str, values: Mapping[str, Any]) -> int | None:
    """Return the number that a counting statement answers; None where it has none.

    Raises LimiterDown without a store: what cannot be counted is not let through.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
    except DatabaseError as error:
        raise LimiterDown(headers={"Retry-After": "5"}) from error
    return None if row is None else int(row[0])


def _find(
    scope: str, keys: tuple[str, ...], *, window_start: datetime
) -> LimitCounter | None:
    try:
        return LimitCounter.objects.filter(
            scope=scope, key_hash=_key_hash(keys), window_start=window_start
        ).first()
    except DatabaseError as error:
        raise LimiterDown(headers={"Retry-After": "5"}) from error


def _window_start(rule: Limit) -> datetime:
    passed = (clock.now() - EPOCH) // rule.window
    return EPOCH + passed * rule.window


def _seconds_left(scope: str) -> int:
    rule = limit(scope)
    left = _window_start(rule) + rule.window - clock.now()
    return max(1, math.ceil(left.total_seconds()))


def _key_hash(keys: tuple[str, ...]) -> bytes:
    text = "\x1f".join((str(context.context_uuid()), *keys))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

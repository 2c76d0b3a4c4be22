"""Tell owners of API tokens 14 and 3 days before a token ends; a due source."""

import math
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts import notices
from accounts.models import ApiToken
from accounts.models.api_token import ApiTokenQuerySet
from kernel import clock
from tenants import scheduler

#: Days before the end, the earlier first; `warned_days` is the last that was told.
STEPS = (14, 3)


def days_told_already(life: timedelta) -> int | None:
    """Return the step that a token so short needs no mail for, or None.

    Who makes a token for a week knows that it ends within 14 days.
    """
    return min((days for days in STEPS if life <= timedelta(days=days)), default=None)


def arm(token: ApiToken) -> None:
    """Wake the tenant when the first mail about a new token is due."""
    left = [days for days in STEPS if days < (token.warned_days or math.inf)]
    if left:
        scheduler.arm(token.expires_at - timedelta(days=left[0]))


def run_due(limit: int) -> int:
    """Write up to `limit` due mails; return how many tokens it took."""
    taken = (_tell_one() for _ in range(limit))
    return sum(takewhile(bool, taken))


def due_instants() -> list["QuerySet[Any]"]:
    """Return the queries of when the next token comes to each of the steps."""
    return [
        _open()
        .filter(_not_told(days))
        .order_by("expires_at")
        .annotate(at=F("expires_at") - timedelta(days=days))
        .values_list("at")[:1]
        for days in STEPS
    ]


@transaction.atomic
def _tell_one() -> bool:
    """Take one token, note the step and write the mail; False without any."""
    token = (
        _due(clock.now())
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("user", "created_by")
        .order_by("expires_at")
        .first()
    )
    if token is None:
        return False
    left = token.expires_at - clock.now()
    step = min(days for days in STEPS if left <= timedelta(days=days))
    ApiToken.objects.filter(pk=token.pk).update(warned_days=step)
    if token.user.is_active:
        notices.token_expiring(token, math.ceil(left / timedelta(days=1)))
    return True


def _open() -> ApiTokenQuerySet:
    """Return the tokens whose end somebody may want to hear of.

    A token with a successor ends by intention.
    """
    working = ApiToken.objects.working(at=clock.now())
    return working.filter(rotated_to__isnull=True)


def _due(now: datetime) -> ApiTokenQuerySet:
    due = Q()
    for days in STEPS:
        due |= _not_told(days) & Q(expires_at__lte=now + timedelta(days=days))
    return _open().filter(due)


def _not_told(days: int) -> Q:
    return Q(warned_days__isnull=True) | Q(warned_days__gt=days)

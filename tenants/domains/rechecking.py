"""What is verified must stay so: each name is looked at daily.

A name that fails three times over at least 72 hours lapses. Its row then waits, due
again, until the owners are told: a process that dies between both loses no mail.
A resolver that does not answer is no failure of the name; it is asked again soon.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.domains import checking, locking, notices, records
from tenants.domains.checking import Checked, Outcome
from tenants.domains.records import Stage, stage
from tenants.domains.releasing import unverify
from tenants.domains.verifying import take
from tenants.models import Domain

logger = logging.getLogger(__name__)

BY: Final = "recheck"
FAILURES: Final = 3
FAILING_FOR: Final = timedelta(hours=72)
#: For how long a process that looks at a name has it to itself.
LEASE: Final = timedelta(minutes=10)
AGAIN: Final = timedelta(hours=1)
#: Names that one round takes, and seconds after which the rest waits for its lease.
AT_ONCE: Final = 50
SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What became of a name: what the DNS said, and what the row is now."""

    domain: str
    tenant: str
    outcome: Outcome
    stage: Stage


@dataclass(frozen=True, slots=True)
class Round:
    """How many names a round took, and what became of those that it asked about.

    Some are only waited for with a mail, and one may fail: it is `taken` that says
    whether there may be more.
    """

    taken: int
    done: list[Rechecked]


def recheck_due(limit: int = AT_ONCE) -> list[Rechecked]:
    """Look at the names whose time has come; one that fails stops no other."""
    return recheck_round(limit).done


@use_control()
def recheck_round(limit: int = AT_ONCE) -> Round:
    """Do the same, and tell how many there were."""
    done: list[Rechecked] = []
    give_up = time.monotonic() + SECONDS
    taken = take_due(limit)
    for row in taken:
        if time.monotonic() > give_up:
            break
        try:
            found = rechecked(row)
        except Exception:
            logger.exception("domain.recheck_failed", extra={"domain": row.domain})
            continue
        if found is not None:
            done.append(found)
    return Round(len(taken), done)


@transaction.atomic
def take_due(limit: int) -> Sequence[Domain]:
    """Return rows that are due, ours for a while; no two processes get the same."""
    free = due().select_for_update(of=("self",), skip_locked=True)
    rows = list(free[:limit])
    until = clock.now() + LEASE
    Domain.objects.filter(pk__in=[row.pk for row in rows]).update(check_due=until)
    return rows


def due() -> QuerySet[Domain]:
    """Return the rows whose time has come, the oldest first."""
    rows: QuerySet[Domain] = Domain.objects.filter(
        kind=Domain.Kind.CUSTOM, check_due__lte=clock.now()
    )
    named = rows.exclude(verification_token="")
    return named.select_related("tenant").order_by("check_due")


def rechecked(row: Domain) -> Rechecked | None:
    """Do what is due for a row; None where it only waited for its mail."""
    if stage(row) is not Stage.VERIFIED:
        tell(row)
        return None
    checked = checking.check(row.domain, row.verification_token)
    now_is = note(row, checked)
    if now_is is None:
        return None
    if stage(now_is) is Stage.LAPSED:
        tell(now_is)
    return Rechecked(row.domain, row.tenant.slug, checked.outcome, stage(now_is))


@transaction.atomic
def note(asked: Domain, checked: Checked) -> Domain | None:
    """Write down what was found; None where the row is another by now."""
    rows = locking.lock(locking.of_tenant(asked.tenant))
    row = next((row for row in rows if row.pk == asked.pk), None)
    if (
        row is None
        or row.verified_at is None
        or row.verification_token != asked.verification_token
    ):
        return None
    if checked.is_found:
        take(row, by=BY)
    elif checked.outcome is Outcome.UNREACHABLE:
        row.check_due = clock.now() + AGAIN
        row.save()
    else:
        fail(row, rows, checked)
    return row


def fail(row: Domain, rows: list[Domain], checked: Checked) -> None:
    """Count a failure; the name lapses where it was the last that is allowed."""
    now = clock.now()
    row.failed_checks += 1
    row.failing_since = row.failing_since or now
    row.last_checked_at = now
    row.check_due = next_look(now, row.failing_since)
    events.record(
        "domain.failing",
        by=BY,
        tenant=row.tenant.uuid,
        result=checked.outcome.value,
        domain=row.domain,
        failures=row.failed_checks,
    )
    if row.failed_checks >= FAILURES and now - row.failing_since >= FAILING_FOR:
        lapse(row, rows, now)
    else:
        row.save()


def next_look(now: datetime, failing_since: datetime) -> datetime:
    """Return when to look again: in a day, and at the end of the 72 hours."""
    ends = failing_since + FAILING_FOR
    daily = records.next_check(now)
    return min(daily, ends) if ends > now else daily


def lapse(row: Domain, rows: list[Domain], now: datetime) -> None:
    """Have a name lead nowhere, and its owners told."""
    row.lapsed_at = now
    row.check_due = now
    unverify(row, rows, by=BY)
    events.record(
        "domain.lapsed",
        by=BY,
        tenant=row.tenant.uuid,
        domain=row.domain,
        since=f"{row.failing_since:%Y-%m-%dT%H:%M:%SZ}",
    )


def tell(row: Domain) -> None:
    """Mail the owners that a name lapsed, if they can be mailed; else tomorrow."""
    told = stage(row) is not Stage.LAPSED or notices.mail_lapse(row)
    due = None if told else records.next_check(clock.now())
    with transaction.atomic():
        Domain.objects.filter(pk=row.pk, verified_at=None).update(check_due=due)

"""Give names up; what was verified keeps others out for a while."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.domains import locking, records
from tenants.domains.primary import fall_back
from tenants.domains.records import CLAIM_DAYS, COOL_DOWN, Stage, stage
from tenants.errors import DomainKept, DomainUnknown
from tenants.models import Domain, Tenant

#: Rows that one round of the upkeep deletes.
BATCH = 500


@use_control()
def remove(domain: Domain, *, by: str, now_free: bool = False) -> datetime | None:
    """Give a name up; return when others may have it, None where they may at once.

    It leads nowhere from now on; a primary one gives way to the platform's. With
    `now_free` there is no cool-down, and one that runs ends.
    Raises DomainKept for the platform's own name, DomainUnknown where the row is gone.
    """
    if domain.kind != Domain.Kind.CUSTOM:
        raise DomainKept
    with transaction.atomic():
        rows = locking.lock(locking.of_tenant(domain.tenant))
        row = next((row for row in rows if row.pk == domain.pk), None)
        if row is None or (stage(row) is Stage.RELEASED and not now_free):
            raise DomainUnknown
        free_at = give_up(row, rows, by=by, now_free=now_free)
        events.record(
            "domain.removed",
            by=by,
            tenant=row.tenant.uuid,
            domain=row.domain,
            free_at=f"{free_at:%Y-%m-%dT%H:%M:%SZ}" if free_at else "",
        )
    return free_at


def give_up(
    row: Domain, rows: list[Domain], *, by: str, now_free: bool
) -> datetime | None:
    """End a locked row, or leave of it what keeps others out; return until when."""
    if unverify(row, rows, by=by):
        row.released_at = clock.now()
    free_at = None if now_free else records.blocked_until(row)
    if free_at is None or free_at <= clock.now():
        row.delete()
        return None
    row.verification_token = ""
    row.check_due = None
    row.save()
    return free_at


def unverify(row: Domain, rows: list[Domain], *, by: str) -> bool:
    """Have a name lead nowhere; tell whether it led anywhere. Others may be primary."""
    was_verified, was_primary = row.verified_at is not None, row.is_primary
    row.verified_at, row.is_primary = None, False
    row.save()
    if was_primary:
        fall_back(rows, by=by)
    return was_verified


@use_control()
def release_all(tenant: Tenant, *, by: str) -> int:
    """Give up all names that a tenant brought along; return how many.

    For the end of a tenant: what keeps others out stays as long as its row does.
    """
    own = locking.of_tenant(tenant).filter(kind=Domain.Kind.CUSTOM)
    listed = [row for row in own if stage(row) is not Stage.RELEASED]
    for row in listed:
        remove(row, by=by)
    return len(listed)


@use_control()
def tidy() -> int:
    """Delete claims that nobody proved, and names whose cool-down is over."""
    now = clock.now()
    with transaction.atomic():
        rows = locking.lock(ended(now))
        for row in rows:
            expire(row, now)
    return len(rows)


def ended(now: datetime) -> QuerySet[Domain]:
    """Return the rows that have had their time; needs the control context."""
    no_token = Q(verification_token="")
    no_lapse, no_release = Q(lapsed_at=None), Q(released_at=None)
    stale = no_lapse & Q(claimed_at__lt=now - CLAIM_DAYS) & (~no_token | no_release)
    cooled = (
        (no_lapse | Q(lapsed_at__lte=now - COOL_DOWN))
        & (no_release | Q(released_at__lte=now - COOL_DOWN))
        & ~(no_lapse & no_release)
        & (no_token | ~no_lapse)
    )
    rows = Domain.objects.filter(
        stale | cooled, kind=Domain.Kind.CUSTOM, verified_at=None
    )
    found: QuerySet[Domain] = Domain.objects.filter(
        pk__in=list(rows.values_list("pk", flat=True)[:BATCH])
    )
    return found


def expire(row: Domain, now: datetime) -> None:
    """Delete a row, or leave of it what still keeps others out."""
    free_at = records.blocked_until(row)
    if free_at and free_at > now:
        row.verification_token = ""
        row.save()
    else:
        row.delete()
    events.record(
        "domain.expired", by="upkeep", tenant=row.tenant.uuid, domain=row.domain
    )

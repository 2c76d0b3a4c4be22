"""Ask the DNS about a claim, and take the name for the tenant where it agrees."""

from django.db import IntegrityError, transaction

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.domains import checking, locking, records
from tenants.domains.checking import Checked
from tenants.domains.claiming import refuse_others
from tenants.domains.records import Stage, stage
from tenants.errors import DomainTaken, DomainUnknown
from tenants.models import Domain


@use_control()
def verify(domain: Domain, *, by: str) -> Checked:
    """Return what the DNS says; where the record is there, the name leads here now.

    A name that is verified already is only looked at, and its failures are forgotten
    where all is well. Of two tenants at once, one has it and the other is refused.
    Raises DomainTaken, DomainCooling, DomainUnknown (the row is gone, or has another
    token by now), MoveRefused.
    """
    locking.may_have_names(domain.tenant)
    if not domain.verification_token:
        raise DomainUnknown
    checked = checking.check(domain.domain, domain.verification_token)
    try:
        note(domain, checked, by=by)
    except IntegrityError:
        raise DomainTaken from None
    return checked


@use_control()
def look(domain: Domain) -> Checked:
    """Return what the DNS says, and write nothing. Raises what `verify` raises."""
    locking.may_have_names(domain.tenant)
    if not domain.verification_token:
        raise DomainUnknown
    checked = checking.check(domain.domain, domain.verification_token)
    if checked.is_found:
        refuse_others(list(locking.of_name(domain.domain)), domain.tenant)
    return checked


@transaction.atomic
def note(domain: Domain, checked: Checked, *, by: str) -> None:
    """Write down what was found, if the row is still what was asked about."""
    rows = locking.lock(locking.of_name(domain.domain))
    row = next((row for row in rows if row.pk == domain.pk), None)
    if row is None or row.verification_token != domain.verification_token:
        raise DomainUnknown
    if checked.is_found:
        refuse_others(rows, row.tenant)
        take(row, by=by)
    elif stage(row) is not Stage.VERIFIED:
        row.last_checked_at = clock.now()
        row.save()


def take(row: Domain, *, by: str) -> None:
    """Let a name lead to its tenant from now on, as one that never failed."""
    now = clock.now()
    before = stage(row)
    row.verified_at = row.verified_at or now
    row.last_checked_at, row.check_due = now, records.next_check(now)
    row.failed_checks, row.failing_since = 0, None
    row.lapsed_at = row.released_at = None
    row.save()
    if before is not Stage.VERIFIED:
        events.record(
            "domain.verified",
            by=by,
            tenant=row.tenant.uuid,
            domain=row.domain,
            before=before.value,
        )

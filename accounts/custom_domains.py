"""What the owners of a workspace do with their own domains.

The rows lie in the control plane and are touched there, outside of any transaction of
the tenant; who did it stands in the operators' book, and afterwards in the tenant's
own events. A name of another tenant is as unknown as one that nobody has.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from accounts import events, limits
from accounts.models import User
from kernel.text import storable
from tenants import domains, lookup
from tenants.context import current_tenant, use_control
from tenants.domains import Checked, Stage, edge, primary, records
from tenants.errors import DomainUnknown
from tenants.models import Domain, Tenant

#: Only owners: a domain decides where everybody signs in.
MANAGE: Final = "tenant.manage"


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A name of the workspace as its owners see it; values only."""

    domain: str
    is_custom: bool
    state: str
    is_primary: bool
    record_name: str
    record_value: str
    leads_to: str
    verified_at: datetime | None
    last_checked_at: datetime | None
    failing_since: datetime | None
    claim_ends: datetime | None
    free_at: datetime | None
    #: An address of before a renaming; it leads to the present one for a while.
    is_former: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, by which way and from where."""

    user: User
    via: str
    client: str

    @property
    def in_the_book(self) -> str:
        """Return the name for the operators' book, which holds no tenant's people."""
        return f"owner:{self.user.pk}"


def listing() -> list[CustomDomain]:
    """Return the names of the entered tenant, the primary one first."""
    uuid = current_tenant().uuid
    with use_control():
        rows = Domain.objects.filter(tenant__uuid=uuid)
        rows = rows.select_related("tenant").order_by("-is_primary", "kind", "domain")
        found = [values(row) for row in rows]
    return [one for one in found if one.state != Stage.RELEASED]


def find(name: str) -> CustomDomain:
    """Return one name of the entered tenant. Raises DomainUnknown."""
    found = next((one for one in listing() if one.domain == name), None)
    if found is None:
        raise DomainUnknown
    return found


def add(name: str, *, actor: Actor) -> CustomDomain:
    """Claim a name. Raises what `domains.claim` raises, and Throttled."""
    limits.hit("domain.add")
    uuid = current_tenant().uuid
    with use_control():
        tenant = Tenant.objects.get(uuid=uuid)
        row = domains.claim(tenant=tenant, name=name, by=actor.in_the_book)
        claimed = row.domain
    note("domain.added", claimed, actor)
    return find(claimed)


def check(name: str, *, actor: Actor) -> Checked:
    """Ask the DNS. Raises what `domains.verify` raises, and Throttled."""
    before = find(name)
    limits.hit("domain.check")
    uuid = current_tenant().uuid
    with use_control():
        checked = domains.verify(own(name, uuid), by=actor.in_the_book)
    if checked.is_found and before.state != Stage.VERIFIED:
        note("domain.verified", name, actor)
    return checked


def make_primary(name: str, *, actor: Actor) -> CustomDomain:
    """Make a verified name primary.

    Raises DomainUnverified, DomainFormer and DomainUnknown.
    """
    uuid = current_tenant().uuid
    with use_control():
        domains.make_primary(own(name, uuid), by=actor.in_the_book)
    note("domain.primary", name, actor)
    return find(name)


def remove(name: str, *, actor: Actor) -> datetime | None:
    """Give a name up; return when others may have it. Raises DomainKept."""
    uuid = current_tenant().uuid
    with use_control():
        free_at = domains.remove(own(name, uuid), by=actor.in_the_book)
    note("domain.removed", name, actor)
    return free_at


def primary_now() -> str:
    """Return the primary domain as it is now: the request's may be of before."""
    info = lookup.by_uuid(current_tenant().uuid)
    return info.primary_domain if info else ""


def own(name: str, tenant: object) -> Domain:
    """Return the row of a name and of this tenant alone; needs the control context."""
    if not storable(name):
        raise DomainUnknown
    rows = Domain.objects.select_related("tenant")
    row: Domain | None = rows.filter(tenant__uuid=tenant, domain=name).first()
    if row is None:
        raise DomainUnknown
    return row


def note(event: str, name: str, actor: Actor) -> None:
    with transaction.atomic():
        events.record(
            event,
            by=actor.user,
            via=actor.via,
            client=actor.client,
            details={"domain": name},
        )


def values(row: Domain) -> CustomDomain:
    is_custom = row.kind == Domain.Kind.CUSTOM
    state = domains.stage(row)
    token = row.verification_token
    return CustomDomain(
        domain=row.domain,
        is_custom=is_custom,
        state=state.value,
        is_primary=row.is_primary,
        record_name=domains.record_name(row.domain) if token else "",
        record_value=domains.record_value(token) if token else "",
        leads_to=edge.shown() if is_custom else "",
        verified_at=row.verified_at,
        last_checked_at=row.last_checked_at,
        failing_since=row.failing_since,
        claim_ends=row.claimed_at + records.CLAIM_DAYS
        if state is Stage.CLAIMED
        else None,
        free_at=records.blocked_until(row) if state is Stage.LAPSED else None,
        is_former=primary.is_former(row, row.tenant),
    )

"""Say that a name is to lead to a tenant; the DNS has to agree before it does."""

from typing import Final

from django.db import transaction

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.domains import locking, records
from tenants.domains.names import check_name
from tenants.errors import DomainCooling, DomainTaken, TooManyDomains
from tenants.models import Domain, Tenant

#: Names of one tenant, so that nobody fills the table or has us ask the DNS for ever.
MOST: Final = 50


@use_control()
def claim(*, tenant: Tenant, name: str, by: str) -> Domain:
    """Return the tenant's row for a name, with the token for its TXT record.

    A name that the tenant has already is returned as it is; one that it gave up gets a
    new token, and can be verified at once.
    Raises DomainInvalid, DomainTaken, DomainCooling, TooManyDomains, MoveRefused.
    """
    host = check_name(name)
    locking.may_have_names(tenant)
    return claimed(tenant, host, by=by)


@transaction.atomic
def claimed(tenant: Tenant, host: str, *, by: str) -> Domain:
    Tenant.objects.select_for_update().get(pk=tenant.pk)  # one at a time counts
    rows = locking.lock(locking.of_name(host))
    refuse_others(rows, tenant)
    own = next((row for row in rows if row.tenant_id == tenant.pk), None)
    if own is not None and own.verification_token:
        return own
    count_names(tenant)
    row = own or Domain(
        domain=host, tenant=tenant, kind=Domain.Kind.CUSTOM, is_primary=False
    )
    row.verification_token = records.new_token()
    row.claimed_at = clock.now()
    row.save()
    events.record("domain.claimed", by=by, tenant=tenant.uuid, domain=host)
    return row


def refuse_others(rows: list[Domain], tenant: Tenant) -> None:
    """Raise DomainTaken or DomainCooling where a name is another tenant's, or was."""
    now = clock.now()
    for row in rows:
        if row.tenant_id == tenant.pk:
            continue
        if row.verified_at:
            raise DomainTaken(
                f"{row.domain} leads to another workspace.",
                extra={"domain": row.domain},
            )
        free_at = records.blocked_until(row)
        if free_at and free_at > now:
            raise DomainCooling(
                f"{row.domain} led to another workspace until recently;"
                f" it is free on {free_at:%Y-%m-%d}.",
                extra={
                    "domain": row.domain,
                    "free_at": f"{free_at:%Y-%m-%dT%H:%M:%SZ}",
                },
            )


def count_names(tenant: Tenant) -> None:
    """Raise TooManyDomains where the tenant has enough."""
    own = locking.of_tenant(tenant).exclude(verification_token="")
    if own.count() >= MOST:
        raise TooManyDomains

"""The one name of a tenant that links are made with and pages redirect to."""

from django.db import transaction

from tenants import events, hosts
from tenants.context import use_control
from tenants.domains import locking
from tenants.errors import DomainFormer, DomainUnknown, DomainUnverified
from tenants.models import Domain, Tenant


@use_control()
def make_primary(domain: Domain, *, by: str) -> Domain:
    """Make a verified name of a tenant its primary one; the platform's own as well.

    Raises DomainUnverified, DomainUnknown where the row is gone, MoveRefused, and
    DomainFormer for an address that the tenant had before it was renamed: it will go.
    """
    locking.may_have_names(domain.tenant)
    with transaction.atomic():
        # Whoever renames it waits, or has done so.
        tenant = Tenant.objects.select_for_update().get(pk=domain.tenant_id)
        rows = locking.lock(locking.of_tenant(domain.tenant))
        row = next((row for row in rows if row.pk == domain.pk), None)
        if row is None:
            raise DomainUnknown
        if row.verified_at is None:
            raise DomainUnverified
        if is_former(row, tenant):
            raise DomainFormer
        if not row.is_primary:
            choose(row, rows, by=by)
    return row


def is_former(row: Domain, tenant: Tenant) -> bool:
    """Tell whether a name is the platform's, and of a slug that the tenant had."""
    is_of_platform = row.kind == Domain.Kind.PLATFORM
    return is_of_platform and row.domain != hosts.platform_domain(tenant.slug)


def choose(row: Domain, rows: list[Domain], *, by: str) -> None:
    """Make one of a tenant's locked rows the primary one."""
    before = next((one for one in rows if one.is_primary), None)
    row.is_primary = True
    row.save()  # takes it from the one before
    events.record(
        "domain.primary",
        by=by,
        tenant=row.tenant.uuid,
        domain=row.domain,
        before=before.domain if before else "",
    )


def fall_back(rows: list[Domain], *, by: str) -> None:
    """Make the platform's name of a tenant the primary one again.

    Without such a row there is none, and links are made with that name all the same.
    """
    own = [row for row in rows if row.kind == Domain.Kind.PLATFORM and row.verified_at]
    if own:
        expected = hosts.platform_domain(own[0].tenant.slug)
        choose(min(own, key=lambda row: row.domain != expected), rows, by=by)


def redirects(domain: Domain) -> list[tuple[str, str]]:
    """Return the names whose pages would lead here, each with where they do now."""
    rows = locking.of_tenant(domain.tenant).filter(verified_at__isnull=False)
    names = [row for row in rows.order_by("domain") if row.pk != domain.pk]
    before = next((row.domain for row in rows if row.is_primary), "")
    return [(row.domain, "" if row.domain == before else before) for row in names]

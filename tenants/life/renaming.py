"""Give a tenant another slug: its data stay where they are, its old address leads on.

Nothing is named after a slug but the platform's address, so schema, role, files, caches
and everything signed are untouched.
"""

from typing import Final

from django.db import IntegrityError, transaction

from kernel import clock
from tenants import events, orders, slugs
from tenants.context import use_control
from tenants.errors import MoveRefused, SlugTaken
from tenants.hosts import platform_domain
from tenants.life import slug_holds
from tenants.models import Domain, SlugHold, Tenant
from tenants.states import State

#: In these a tenant has its address for good, as far as anybody knows.
RENAMED: Final = frozenset(
    {State.TRIAL, State.ACTIVE, State.PAST_DUE, State.SUSPENDED, State.ARCHIVED}
)


@use_control()
def rename(tenant: Tenant, *, slug: str, name: str = "", by: str) -> Tenant:
    """Give a tenant another slug, and another name where there is one; return its row.

    The old address leads to the new one for 90 days, in which nobody else gets the
    slug. A domain of the customer's own stays the primary one.
    Raises Invalid, SlugTaken, or MoveRefused in states in which nothing is renamed.
    """
    slugs.check(slug)
    name = orders.check_name(name) if name else ""
    try:
        with transaction.atomic():
            locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
            require_renamable(locked, slug, name)
            before = locked.slug
            write(locked, slug, name)
            if slug != before:
                move_address(locked, before)
            told = {"before": before, "slug": slug, "name": locked.name}
            events.record("tenant.renamed", by=by, tenant=locked.uuid, **told)
    except IntegrityError:
        raise SlugTaken from None
    return locked


def require_renamable(tenant: Tenant, slug: str, name: str) -> None:
    if tenant.state not in RENAMED or tenant.shadow_of_id is not None:
        words = "a shadow" if tenant.shadow_of_id else tenant.state
        raise MoveRefused(f"{tenant.slug} is {words}, so this is refused.")
    if tenant.slug == slug and name in {"", tenant.name}:
        raise MoveRefused(f"{tenant.slug} is called so already.")


def write(locked: Tenant, slug: str, name: str) -> None:
    locked.slug, locked.name = slug, name or locked.name
    locked.save(update_fields=["slug", "name"])


def move_address(tenant: Tenant, before: str) -> None:
    """Take the new slug's address, and let the old one lead there."""
    slug_holds.take(tenant.slug, tenant=tenant.uuid)
    old = platform_domain(before)
    has_own = tenant.domains.filter(is_primary=True).exclude(domain=old).exists()
    address(tenant, platform_domain(tenant.slug), is_primary=not has_own)
    slug_holds.hold(before, tenant=tenant.uuid, reason=SlugHold.Reason.RENAMED)


def address(tenant: Tenant, name: str, *, is_primary: bool) -> None:
    """Give the tenant an address of the platform, or one that it had before."""
    domain = tenant.domains.filter(domain=name).first() or Domain(
        domain=name, tenant=tenant
    )
    domain.kind = Domain.Kind.PLATFORM
    domain.is_primary = is_primary
    domain.verified_at = domain.verified_at or clock.now()
    domain.lapsed_at = domain.released_at = None
    domain.save()

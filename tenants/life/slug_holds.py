"""Addresses that were freed and are kept from others for a while.

The tenant whose a slug was may take it back at any time.
"""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import Error, transaction

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.errors import SlugTaken
from tenants.hosts import platform_domain
from tenants.models import Domain, SlugHold, Tenant

logger = logging.getLogger(__name__)

#: For how long a freed slug is held, and an old address leads to the new one (SGN-5).
HELD_FOR: Final = timedelta(days=90)


def require_free(slug: str, *, tenant: UUID) -> None:
    """Raise SlugTaken where the slug is held for another tenant.

    Call it in the transaction that takes the slug and after the row has it: who frees a
    slug at the same moment makes that write wait, and its hold is seen then.
    """
    held = SlugHold.objects.filter(slug=slug, until__gt=clock.now())
    if held.exclude(tenant=tenant).exists():
        raise SlugTaken


def is_held(slug: str) -> bool:
    """Tell whether a slug is kept for somebody; the old address may lead there."""
    held = SlugHold.objects.filter(slug=slug, until__gt=clock.now())
    return bool(held.exists())


def take(slug: str, *, tenant: UUID) -> None:
    """Let a tenant have a slug that was held for it, or for nobody any more."""
    require_free(slug, tenant=tenant)
    SlugHold.objects.filter(slug=slug).delete()


def hold(slug: str, *, tenant: UUID, reason: SlugHold.Reason) -> SlugHold:
    """Keep a slug that a tenant frees from all others."""
    held, _is_new = SlugHold.objects.update_or_create(
        slug=slug,
        defaults={
            "tenant": tenant,
            "reason": reason,
            "until": clock.now() + HELD_FOR,
        },
    )
    return held


def end_due() -> int:
    """Give free what was held long enough, with the old addresses; return how many."""
    with use_control():
        due = SlugHold.objects.filter(until__lte=clock.now()).order_by("until")
        return sum(map(ended, list(due.values_list("slug", flat=True)[:100])))


def ended(slug: str) -> bool:
    """End one hold, unless it was renewed meanwhile; one that fails stops no other."""
    try:
        with transaction.atomic():
            held = SlugHold.objects.select_for_update().filter(
                slug=slug, until__lte=clock.now()
            )
            found = held.first()
            if found is None:
                return False
            delete_address(found)
            found.delete()
            events.record(
                "tenant.address_freed", by="system", tenant=found.tenant, slug=slug
            )
    except Error:
        logger.exception("hold.not_ended", extra={"slug": slug})
        return False
    return True


def delete_address(held: SlugHold) -> None:
    """Delete the platform's address of a held slug, unless a tenant has the slug."""
    if Tenant.objects.filter(slug=held.slug).exists():
        return
    for domain in Domain.objects.filter(
        domain=platform_domain(held.slug),
        kind=Domain.Kind.PLATFORM,
        tenant__uuid=held.tenant,
    ):
        domain.delete()

"""Which slugs nobody may take for a while."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from kernel import clock
from tenants.models import SlugHold

#: How long the slug of a tenant that is gone, or has another, stays away from others.
HELD: Final = timedelta(days=90)


def is_held(slug: str, *, by: UUID | None = None) -> bool:
    """Tell whether a slug is held against everybody but its former tenant."""
    held = SlugHold.objects.filter(slug=slug, until__gt=clock.now())
    return bool((held.exclude(tenant=by) if by else held).exists())


def hold(slug: str, *, reason: SlugHold.Reason, tenant: UUID) -> None:
    """Hold a slug for its time; the caller owns the transaction."""
    SlugHold.objects.update_or_create(
        slug=slug,
        defaults={"reason": reason, "tenant": tenant, "until": clock.now() + HELD},
    )

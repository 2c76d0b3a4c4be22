"""Everything a piece of work for one tenant needs around it."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone, translation

from tenants.context import Control, TenantInfo, use, use_control


@contextmanager
def serving(context: TenantInfo | Control) -> Iterator[None]:
    """Enter a context, with the tenant's language and time zone; leave all after it."""
    if isinstance(context, Control):
        with use_control():
            yield
        return
    with (
        use(context),
        translation.override(context.locale),
        timezone.override(zone_of(context)),
    ):
        yield


def zone_of(tenant: TenantInfo) -> zoneinfo.ZoneInfo:
    """Return the tenant's time zone; UTC where this machine does not know it."""
    try:
        return zoneinfo.ZoneInfo(tenant.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")

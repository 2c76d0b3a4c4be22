"""What the control plane does every few minutes."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from kernel import clock
from tenants import broker, dead_letters, fleet, lookup, sources, states, wake_ups
from tenants.context import use, use_control
from tenants.models import Chore, RateCounter, SignupRequest, Tenant

logger = logging.getLogger(__name__)

SWEEP_EVERY: Final = timedelta(minutes=5)
WARM_EVERY: Final = timedelta(seconds=20)
KEEP_SIGNUPS: Final = timedelta(days=30)
KEEP_COUNTERS: Final = timedelta(days=1)

# Write a chore down for the first time; of many at once, one finds itself first.
FIRST: Final = """
INSERT INTO tenants_chore (name, next_due) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


def when_due() -> bool:
    """Do the upkeep if its time has come; of many processes at once, one does it."""
    with use_control():
        if not claim("sweep", every=SWEEP_EVERY):
            return False
        sweep()
        forget()
        put_away()
    return True


def warm_up() -> None:
    """See that schemas wait for new tenants: by a worker, or here without Celery."""
    from tenants import tasks

    with use_control():
        if not settings.TENANT_WARM_TARGET or not claim("warm", every=WARM_EVERY):
            return
        if settings.TENANTRY_DISPATCH == "celery" and broker.publish(tasks.warm):
            return
        try:
            fleet.fill_pool(settings.TENANT_WARM_TARGET)
        except Exception:
            # Nobody needs the pool: what is due for tenants waits for no schema.
            logger.exception("pool.failed")


def claim(name: str, *, every: timedelta) -> bool:
    """Move a chore on; tell whether it was due and is ours to do now."""
    now = clock.now()
    due = Chore.objects.filter(name=name, next_due__lte=now)
    if due.update(next_due=now + every):
        return True
    if Chore.objects.filter(name=name).exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [name, now + every])
        return bool(cursor.rowcount)


def sweep(only: Sequence[UUID] | None = None) -> None:
    """Find work whose arming was lost, because a process died after its commit."""
    with use_control():
        tenants = Tenant.objects.filter(state__in=states.SERVED, shadow_of__isnull=True)
        if only is not None:
            tenants = tenants.filter(uuid__in=only)
        for tenant in lookup.infos(tenants):
            try:
                with use(tenant):
                    due = sources.next_due()
            except Exception:
                logger.exception("sweep.failed", extra={"for": str(tenant.uuid)})
                continue
            if due is not None:
                wake_ups.lower(tenant.uuid, due)


def put_away() -> None:
    """Purge what is due, and drop what an archiving that died left behind."""
    from tenants.portability import archiving, purging

    for chore in (purging.purge_due, archiving.drop_left_over):
        try:
            chore()
        except Exception:
            logger.exception("upkeep.failed", extra={"chore": chore.__name__})


def forget() -> None:
    """Delete what is only kept for a while."""
    now = clock.now()
    SignupRequest.objects.filter(created_at__lt=now - KEEP_SIGNUPS).delete()
    RateCounter.objects.filter(window_start__lt=now - KEEP_COUNTERS).delete()
    dead_letters.forget()

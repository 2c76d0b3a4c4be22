"""What the control plane does from time to time: its chores.

A chore has a row with the instant at which it is due; whoever moves that on does it.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Least

from kernel import clock
from tenants import domains, fleet, lookup
from tenants.carrying import broker, dead_letters
from tenants.context import TenantInfo, use, use_control
from tenants.life import conduct, slug_holds, trials
from tenants.models import Chore, RateCounter, SignupRequest, Tenant
from tenants.scheduling import questions, sources, wake_ups
from tenants.watching import surveying

logger = logging.getLogger(__name__)

KEEP_SIGNUPS: Final = timedelta(days=30)
KEEP_COUNTERS: Final = timedelta(days=1)

# Write a chore down for the first time; of many at once, one finds itself first.
FIRST: Final = """
INSERT INTO tenants_chore (name, next_due) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Duty:
    """How often a chore is due, at most, and what is done then."""

    every: timedelta
    do: Callable[[], object]


def do_due(waiting: Collection[str] = ()) -> dict[str, object]:
    """Do the chores whose time has come, and return what each gave.

    Of many processes at once one does it. `waiting` are those known not to be due.
    A chore that fails stops no other; it is missing in the answer.
    """
    done: dict[str, object] = {}
    with use_control():
        for name, duty in DUTIES.items():
            if name in waiting or not claim(name, every=duty.every):
                continue
            try:
                done[name] = duty.do()
            except Exception:
                logger.exception("chore.failed", extra={"chore": name})
    return done


def run_sources() -> sources.Ran:
    """Run the control plane's own due sources, and write down when to do so again."""
    ran = sources.run()
    due = sources.scan(ran)
    if due is not None:
        lower("sources", due)
    return ran


def lower(name: str, due_at: datetime) -> None:
    """Bring a chore forward; one that was never done is due anyway."""
    Chore.objects.filter(name=name, next_due__gt=due_at).update(
        next_due=Least("next_due", due_at)
    )


def warm_up() -> None:
    """See that schemas wait for new tenants: by a worker, or here without Celery.

    Nobody needs the pool, so what is due for tenants does not wait for it.
    """
    from tenants import tasks

    if not settings.TENANT_WARM_TARGET:
        return
    if not broker.by_worker(tasks.warm):
        fleet.fill_pool(settings.TENANT_WARM_TARGET)


def check_domains() -> None:
    """Look at customers' names: by a worker, or here without Celery."""
    from tenants import tasks

    domains.tidy()
    if not broker.by_worker(tasks.check_domains):
        domains.recheck_due()


def purge_due() -> None:
    """Purge what is due, and drop what an archiving that died left behind."""
    from tenants.portability import archiving, purging

    purging.purge_due()
    archiving.drop_left_over()


def survey() -> None:
    """Look at all schemas for the operators' list: by a worker, or here."""
    from tenants import tasks

    if not broker.by_worker(tasks.survey):
        surveying.survey()


def look_for_lost() -> None:
    """Find work whose arming was lost, and let go of what is kept for a while only."""
    sweep()
    forget()


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
        tenants = Tenant.objects.filter(conduct.working())
        if only is not None:
            tenants = tenants.filter(uuid__in=only)
        infos = lookup.infos(tenants)
        for tenant, due in next_dues(infos):
            if due is not None:
                wake_ups.lower(tenant.uuid, due)


def next_dues(tenants: Sequence[TenantInfo]) -> Iterator[questions.Answer]:
    """Yield each tenant with the instant at which it has work next, or None."""
    yield from questions.each(tenants, "LEAST", sources.queries)
    for tenant in tenants:
        yield from ((tenant, at) for at in asked_inside(tenant))


def asked_inside(tenant: TenantInfo) -> list[datetime | None]:
    """Ask the sources that have no queries; one that breaks stops no other tenant."""
    if not sources.to_be_asked(settings.TENANT_DUE_SOURCES):
        return []
    try:
        with use(tenant):
            asked = sources.to_be_asked(settings.TENANT_DUE_SOURCES)
            return [source.next_due() for source in asked]
    except Exception:
        logger.exception("sweep.failed", extra={"for": str(tenant.uuid)})
        return []


def forget() -> None:
    """Delete what is only kept for a while."""
    now = clock.now()
    SignupRequest.objects.filter(created_at__lt=now - KEEP_SIGNUPS).delete()
    RateCounter.objects.filter(window_start__lt=now - KEEP_COUNTERS).delete()
    dead_letters.forget()


#: Control sources are lowered when something is armed; the rest is regular.
DUTIES: Final = {
    "sources": Duty(timedelta(minutes=2), run_sources),
    "sweep": Duty(timedelta(minutes=5), look_for_lost),
    "trials": Duty(timedelta(minutes=5), trials.end_due),
    "purges": Duty(timedelta(minutes=5), purge_due),
    "slugs": Duty(timedelta(minutes=5), slug_holds.end_due),
    "survey": Duty(timedelta(hours=1), survey),
    "warm": Duty(timedelta(seconds=20), warm_up),
    "domains": Duty(timedelta(minutes=5), check_domains),
}

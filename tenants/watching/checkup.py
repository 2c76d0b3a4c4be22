"""Whether all is well with an installation, as an operator asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from celery import current_app
from django.conf import settings
from django.core import checks
from django.db import connections
from django.db.models import Count, Min
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from kernel import clock
from tenants import fleet, listener
from tenants.context import use_control
from tenants.fleet import drift
from tenants.models import MigrationLedger, ProvisioningRun, WakeUp, WarmSchema

Said = tuple[bool, str]

#: Work that waits longer says that nobody is at work.
LATE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    is_well: bool
    said: str


def look() -> list[Finding]:
    """Look at everything; what cannot be looked at is not well."""
    with use_control():
        return [found(name, ask) for name, ask in LOOKS.items()]


def found(name: str, ask: Callable[[], Said]) -> Finding:
    try:
        return Finding(name, *ask())
    except Exception as error:  # noqa: BLE001 - said as what it is: a check that failed
        return Finding(name, is_well=False, said=f"{type(error).__name__}: {error}")


def settings_and_login() -> Said:
    """Ask Django's checks, ours among them: dotted names, cookies, login, pooler."""
    problems = [
        problem
        for problem in checks.run_checks(databases=list(connections))
        if problem.level >= checks.WARNING and not problem.is_silenced()
    ]
    words = "; ".join(f"{problem.id}: {problem.msg}" for problem in problems)
    return not problems, words or "nothing to complain of"


def template() -> Said:
    """Ask whether new tenants have a template of this code."""
    compiled = fleet.find_template()
    if compiled is None:
        return False, "none of this code: run tenant warm --compile"
    return True, f"{compiled.revision}, {len(compiled.statements)} statements"


def schemas() -> Said:
    """Compare all schemas, and the rights in them, with the template."""
    compiled = fleet.find_template()
    if compiled is None:
        return False, "no template to compare with"
    looked = list(drift.look(fleet.with_schema(), compiled))
    bad = [one.tenant.slug for one in looked if not one.is_sound]
    if bad:
        return False, f"{len(bad)} of {len(looked)} differ: see tenant drift"
    return True, f"{len(looked)} as the template"


def ledger() -> Said:
    """Ask whether a migration of the fleet left somebody behind."""
    open_states = (MigrationLedger.State.FAILED, MigrationLedger.State.DEFERRED)
    count = MigrationLedger.objects.filter(state__in=open_states).count()
    if count:
        return False, f"{count} left behind: run tenant migrate --retry-failed"
    return True, "nobody left behind"


def pool() -> Said:
    """Count what waits for new tenants; an empty pool only makes them slower."""
    counts = WarmSchema.objects.exclude(state=WarmSchema.State.CLAIMED)
    by_state = dict(counts.values_list("state").annotate(Count("pk")).order_by())
    ready = by_state.get(WarmSchema.State.READY, 0)
    return True, f"{ready} of {settings.TENANT_WARM_TARGET} ready"


def work() -> Said:
    """Ask whether due work waits, and so whether somebody ticks."""
    oldest = WakeUp.objects.filter(enabled=True).aggregate(at=Min("wake_at"))["at"]
    if oldest is None or oldest > clock.now():
        return True, "nothing is due"
    late = clock.now() - oldest
    return late < LATE, f"the oldest has waited {late.total_seconds():.0f} s"


def runs() -> Said:
    """Ask whether a set-up or a purge stands still."""
    open_runs = ProvisioningRun.objects.filter(state__in=ProvisioningRun.OPEN)
    stuck = open_runs.filter(resume_at__lt=clock.now() - LATE)
    slugs = list(stuck.values_list("slug", flat=True)[:5])
    if slugs:
        return False, f"nobody goes on with {', '.join(slugs)}"
    return True, f"{open_runs.count()} under way"


def hearing() -> Said:
    """Ask whether a change is told: by a word sent and heard on a second connection."""
    if not listener.may_listen():
        return True, "not used: changes are in force after two seconds"
    heard = listener.hears()
    return heard, "changes are told" if heard else "a word that was sent was not heard"


def broker() -> Said:
    """Ask whether the broker takes messages, where there is one."""
    if settings.TENANTRY_DISPATCH != "celery":
        return True, "not used: cron does what is due"
    try:
        with current_app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=1, timeout=3)
    except (OperationalError, RedisError, OSError) as error:
        return False, f"away ({type(error).__name__}); work waits for the tick"
    return True, "answers"


LOOKS: Final[dict[str, Callable[[], Said]]] = {
    "settings": settings_and_login,
    "template": template,
    "schemas": schemas,
    "ledger": ledger,
    "pool": pool,
    "work": work,
    "set-ups": runs,
    "listener": hearing,
    "broker": broker,
}

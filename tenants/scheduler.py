"""Wake the tenants that have due work, and only those.

arm(due_at)        # in the transaction that writes work with a due instant
tick()             # every few seconds, by beat: take, dispatch, look after runs
run_all_inline()   # the same without Celery, for cron
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from kernel import clock
from tenants import lookup
from tenants.carrying import broker, dead_letters
from tenants.carrying.serving import serving
from tenants.context import Control, TenantInfo, current, use_control
from tenants.db import wear
from tenants.life import conduct
from tenants.scheduling import glance, sources, upkeep, wake_ups
from tenants.scheduling.glance import Glance
from tenants.scheduling.wake_ups import Taken

logger = logging.getLogger(__name__)

#: Tenants a message carries.
TOGETHER: Final = 20
#: How often a tenant is run in a row before the others have their turn.
ROUNDS: Final = 5


@dataclass(slots=True)
class TickResult:
    """What a tick did: wake-ups taken, messages sent, and rows handled by tenant."""

    taken: int = 0
    dispatched: int = 0
    ran: dict[str, dict[str, int]] = field(default_factory=dict)
    control: dict[str, int] = field(default_factory=dict)
    resumed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def fired(self) -> int:
        """Return the number of rows handled, in tenants and in the control plane."""
        tenants = sum(sum(counts.values()) for counts in self.ran.values())
        return tenants + sum(self.control.values())


# Arm


class Arming:
    """What is done after the commit of a transaction that armed, once a context."""

    def __init__(self, context: TenantInfo | Control, due_at: datetime) -> None:
        self.context = context
        self.due_at = due_at

    def __call__(self) -> None:
        with use_control():
            if isinstance(self.context, Control):
                wake_control(self.due_at)
            elif wake_ups.lower(self.context.uuid, self.due_at):
                wake_tenant(self.context.uuid, self.due_at)


def arm(due_at: datetime) -> None:
    """Say that the present context has work due at an instant.

    Call it in the transaction that writes the work; it counts after the commit. Where
    it fails then, that is logged: the work is there, and the slow sweep finds it.
    """
    context = current()
    waiting = armed(context)
    if waiting is None:
        transaction.on_commit(Arming(context, due_at), robust=True)
    else:
        waiting.due_at = min(waiting.due_at, due_at)


def armed(context: TenantInfo | Control) -> Arming | None:
    """Return what this transaction armed for the context already."""
    for entry in connection.run_on_commit:
        arming = getattr(entry[1], "__wrapped__", None)
        if isinstance(arming, Arming) and arming.context == context:
            return arming
    return None


def is_near(due_at: datetime) -> bool:
    """Tell whether the next tick may be too late, and a worker can be told."""
    interval = timedelta(seconds=settings.TENANTRY_TICK_SECONDS)
    return settings.TENANTRY_DISPATCH == "celery" and due_at <= clock.now() + interval


def seconds_to(due_at: datetime) -> float:
    return max(0.0, (due_at - clock.now()).total_seconds())


def wake_tenant(tenant: UUID, due_at: datetime) -> None:
    from tenants import tasks

    if is_near(due_at):
        broker.publish(tasks.run_now, str(tenant), countdown=seconds_to(due_at))


def wake_control(due_at: datetime) -> None:
    from tenants import tasks

    upkeep.lower("sources", due_at)
    if is_near(due_at):
        broker.publish(tasks.run_control, countdown=seconds_to(due_at))


# Run


def run_due(limit: int = sources.ROWS) -> dict[str, int]:
    """Run all sources of the present context; return the rows handled by source."""
    return sources.run(limit).handled


def run_taken(taken: Taken) -> tuple[TenantInfo, sources.Ran, datetime | None] | None:
    """Run one tenant whose wake-up was taken, and put the wake-up back.

    Tasks that were refused while the tenant was stopped are sent again first.
    Returns what was done and the next instant; None where it is not ours to run.
    """
    with use_control():
        if not wake_ups.hold(taken):
            return None
        tenant = lookup.by_uuid(taken.tenant)
        if tenant is None or not conduct.of(tenant).timers:
            return None
        refused_are_sent = send_refused(tenant)
        with serving(tenant):
            ran = sources.run()
            if not refused_are_sent:
                ran.failed.append("tenants.carrying.dead_letters")
            scanned = sources.scan(ran)
        return tenant, ran, wake_ups.put_back(taken, scanned)


def send_refused(tenant: TenantInfo) -> bool:
    """Send what waited for the tenant; tell whether nothing is left to send."""
    try:
        return dead_letters.send_again(tenant.uuid)
    except Exception:
        logger.exception("dead_letters.failed", extra={"for": str(tenant.uuid)})
        return False


def run_batch(batch: Iterable[Taken], result: TickResult | None = None) -> TickResult:
    """Run taken tenants one after another; one that fails stops no other."""
    result = result or TickResult()
    for taken in batch:
        try:
            run_while_due(taken, result)
        except Exception:
            logger.exception("tenant.run_failed", extra={"for": str(taken.tenant)})
            result.failed.append(str(taken.tenant))
        wear.renew()
    return result


def run_while_due(taken: Taken, result: TickResult) -> None:
    """Run a tenant, and again if work became due while it ran.

    What is armed during a run cannot be taken before its end, and would wait for the
    next tick.
    """
    for _round in range(ROUNDS):
        done = run_taken(taken)
        if done is None:
            return
        tenant, ran, next_due = done
        add(result, tenant, ran)
        if next_due is None or next_due > clock.now():
            return
        with use_control():
            again = wake_ups.take(1, only=[taken.tenant])
        if not again:
            return
        taken = again[0]
    with use_control():
        wake_ups.put_back(taken, clock.now())


def add(result: TickResult, tenant: TenantInfo, ran: sources.Ran) -> None:
    counts = result.ran.setdefault(tenant.slug, {})
    for name, handled in ran.handled.items():
        counts[name] = counts.get(name, 0) + handled
    result.failed.extend(f"{tenant.slug}: {name}" for name in ran.failed)


def run_control() -> dict[str, int]:
    """Run the sources of the control plane."""
    with use_control():
        return upkeep.run_sources().handled


# Tick


def tick(batch: int = 200) -> TickResult:
    """Take what is due and see that it is done: by workers, or here without Celery.

    Where nothing is due it is one statement, and no row is written.
    """
    result = TickResult()
    with use_control():
        seen = glance.look()
        taken = wake_ups.take(batch) if seen.wake_ups else []
        result.taken = len(taken)
        for part in parts(taken):
            if sent(part):
                result.dispatched += 1
            else:
                run_batch(part, result)
        look_after(result, seen)
    return result


def parts(taken: Sequence[Taken]) -> Iterable[Sequence[Taken]]:
    return (taken[i : i + TOGETHER] for i in range(0, len(taken), TOGETHER))


def sent(batch: Sequence[Taken]) -> bool:
    """Hand a batch to a worker; False where it is to be done here."""
    from tenants import tasks

    return broker.by_worker(
        tasks.run_wake_ups, [[str(one.tenant), one.run_no] for one in batch]
    )


def look_after(result: TickResult, seen: Glance) -> None:
    """Do the control plane's own due work: set-ups and chores, its mail among them."""
    from tenants import provisioning

    if seen.runs:
        result.resumed = provisioning.resume_due()
    ran = upkeep.do_due(seen.waiting).get("sources")
    if isinstance(ran, sources.Ran):
        result.control = ran.handled
        result.failed.extend(f"control: {name}" for name in ran.failed)


def run_all_inline(
    *,
    only: Sequence[UUID] | None = None,
    batch: int = 1,
    max_seconds: float = 55.0,
    stopped: Callable[[], bool] = bool,
) -> TickResult:
    """Do everything that is due, here and now, tenant by tenant; for cron.

    `only` keeps it to some tenants, which are also asked for work that was not armed.
    What is left after `max_seconds`, or once it is `stopped`, stays due.
    """
    give_up = time.monotonic() + max_seconds
    result = TickResult()
    with use_control():
        if only is None:
            look_after(result, glance.look())
        else:
            upkeep.sweep(only=only)
        while time.monotonic() < give_up and not stopped():
            taken = wake_ups.take(batch, only=only)
            if not taken:
                break
            result.taken += len(taken)
            run_batch(taken, result)
    return result

"""Work that falls due: timeouts, interrupted automatic work, notices.

A timer is taken with its work item and instance under row locks, skipping what others
hold, and firing and marking it are one transaction: with any number of workers each
timer fires once.
Nothing here looks at open work items: a look with nothing due is one statement.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Least

from kernel import clock
from tenants import scheduler
from tenants.context import context_uuid
from tenants.scheduling import sources
from workflow import automatic, conf, moving, notices, provisioning, steps, subflow
from workflow.deciding import Deciding
from workflow.failures import kind_of
from workflow.models import ProcessInstance, Timer, WorkItem
from workflow.models.work_item import LIVE
from workflow.steps import PushFailed, Step

logger = logging.getLogger(__name__)

#: An automatic work item that runs is left alone for so long.
LEASE = timedelta(seconds=60)
#: A run that died so often is no accident.
MOST_RUNS = 5
#: A timer whose firing failed for a reason outside the process waits longer each time.
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))

#: What is sent when a timer of such a kind is due.
NOTICES: dict[str, Callable[[WorkItem], bool]] = {
    Timer.Kind.NOTICE: notices.send_about,
    Timer.Kind.ALARM: notices.send_alarm,
}


#: Counted up to what the column holds.
ONE_MORE = Least(F("attempts") + 1, Value(30_000))


@dataclass
class Counts:
    """What a run did, in the seed's words; SLA marks are timers of their own kind."""

    timeout_transitions: int = 0
    checked_workitems: int = 0
    triggered_workitems: int = 0
    sla_checked: int = 0
    sla_warned: int = 0
    sla_breached: int = 0

    def add(self, other: "Counts") -> None:
        """Add what another run did."""
        for part in fields(self):
            mine = getattr(self, part.name)
            setattr(self, part.name, mine + getattr(other, part.name))


@dataclass
class Tally:
    """What all runs inside `counted()` did, by tenant."""

    by_tenant: dict[Any, Counts] = field(default_factory=dict)


_tallies: list[Tally] = []


@contextmanager
def counted() -> Iterator[Tally]:
    """Collect what the runs inside the block did; for the command."""
    tally = Tally()
    _tallies.append(tally)
    try:
        yield tally
    finally:
        _tallies.remove(tally)


def run_due(limit: int) -> int:
    """Do what is due in this tenant, at most `limit` timers; return how many."""
    return run(limit).checked_workitems


def due_instants() -> list["QuerySet[Any]"]:
    """Return the query of when the next timer is due."""
    pending = _switched_on().pending().order_by("due_at")
    return [pending.values_list("due_at")[:1]]


def next_due() -> datetime | None:
    """Return when the next timer is due, or None."""
    return sources.earliest(due_instants())


def run(limit: int | None = None) -> Counts:
    """Do what is due in this tenant and say what it was."""
    counts = Counts()
    for _ in range(limit or int(conf.value("GOFLOW_TIMER_BATCH"))):
        kind = _fire_next(_switched_on().due(at=clock.now()))
        if kind is None:
            break
        counts.checked_workitems += 1
        if kind == Timer.Kind.TIMEOUT:
            counts.timeout_transitions += 1
            counts.triggered_workitems += 1
    for tally in _tallies:
        tally.by_tenant.setdefault(context_uuid(), Counts()).add(counts)
    return counts


def fire_due_of(item: WorkItem) -> bool:
    """Take the timeouts of one work item that are due; say whether one fired."""
    due = _switched_on().due(at=clock.now()).filter(workitem_id=item.pk, kind="timeout")
    fired = _fire_next(due) is not None
    item.refresh_from_db()
    return fired


def _switched_on() -> Any:
    """Return the timers of processes that are switched on."""
    return Timer.objects.filter(instance__process__enabled=True).of_seen_work()


def _take(due: "QuerySet[Timer]") -> Timer | None:
    """Lock the first due timer that nobody else holds, with all it belongs to."""
    return (
        due.select_related(
            "workitem__instance__process",
            "workitem__instance__user",
            "workitem__activity",
            "workitem__user",
        )
        .select_for_update(
            # Instance, item, timer: the order of every step.
            of=("workitem__instance", "workitem", "self"),
            skip_locked=True,
            no_key=True,
        )
        .order_by("due_at", "id")
        .first()
    )


def _fire_next(due: "QuerySet[Timer]") -> str | None:
    """Do one due timer; return its kind, or None where nothing is due."""
    taken: list[Timer] = []
    try:
        return _fire(due, taken, frozenset())
    except Exception as problem:
        if not taken:
            raise
        logger.exception("workflow.timer_failed", extra={"timer": taken[0].pk})
        _after_failure(taken[0], problem)
        return "failed"


def _fire(
    due: "QuerySet[Timer]", taken: list[Timer], unpushable: frozenset[tuple[int, str]]
) -> str | None:
    follow: Step | None = None
    try:
        with transaction.atomic():
            timer = _take(due)
            if timer is None:
                return None
            taken[:] = [timer]
            if timer.kind == Timer.Kind.TIMEOUT:
                follow = _expire(timer, unpushable)
            elif timer.kind in NOTICES:
                NOTICES[timer.kind](timer.workitem)
                _mark(timer, Timer.State.DONE)
            else:
                _lease(timer)
    except PushFailed as failed:
        return _fire(due, taken, unpushable | {failed.activity})
    if follow is not None:
        automatic.follow(follow)
    if timer.kind in {Timer.Kind.AUTO, Timer.Kind.CHILD}:
        _run_again(timer)
    return timer.kind


def _expire(timer: Timer, unpushable: frozenset[tuple[int, str]]) -> Step | None:
    """Fire a timeout: the item expires and its token takes the transition."""
    item = timer.workitem
    running = item.instance.status == ProcessInstance.Status.RUNNING
    if not item.is_open or not running or timer.transition_id is None:
        _mark(timer, Timer.State.DROPPED)
        return None
    step = Step(
        item.instance,
        by=provisioning.system_user(),
        now=clock.now(),
        item=item,
        unpushable=unpushable,
    )
    edge = step.graph.edge_of(timer.transition_id)
    if not Deciding(step, item).is_allowed(edge):
        step.event("workitem.timeout", item, edge=edge, vetoed=True)
        step.finish_timer(item, timer.pk)
    else:
        step.event("workitem.timeout", item, edge=edge, moved=(item.status, "expired"))
        step.change(item, status="expired", completed_at=step.now)
        step.end_timers(item, fired=timer.pk)
        moving.go(step, item, [edge])
    steps.write(step)
    return step


def _mark(timer: Timer, state: str) -> None:
    Timer.objects.filter(pk=timer.pk).update(state=state)


def _lease(timer: Timer) -> None:
    """Keep others away while an interrupted piece of automatic work is run again."""
    Timer.objects.filter(pk=timer.pk).update(
        due_at=clock.now() + LEASE, attempts=ONE_MORE
    )


def _run_again(timer: Timer) -> None:
    if timer.attempts >= MOST_RUNS:
        give_up(timer, RuntimeError("The run was interrupted again and again."))
    elif timer.kind == Timer.Kind.AUTO:
        automatic.run_and_follow(timer.workitem_id)
    else:
        automatic.come_back_and_follow(timer.workitem_id)
    _drop_done(timer)


def give_up(timer: Timer, problem: Exception) -> None:
    """Show that work whose runs died again and again needs help."""
    if timer.kind == Timer.Kind.CHILD:
        subflow.fall_out(timer.workitem_id, problem)
    else:
        automatic.fall_out(timer.workitem_id, kind="auto.failed", problem=problem)


def _drop_done(timer: Timer) -> None:
    """Take back a timer whose work item has nothing left to do."""
    rows = Timer.objects.pending().filter(pk=timer.pk)
    done = rows.exclude(workitem__status__in=LIVE)
    done.update(state=Timer.State.DROPPED)


def _after_failure(timer: Timer, problem: Exception) -> None:
    """Show a timeout that cannot fire; try everything else again later."""
    from kernel.errors import Invalid

    if timer.kind == Timer.Kind.TIMEOUT and isinstance(problem, Invalid):
        kind = kind_of(problem)
        kind = kind if kind != "auto.failed" else "handler.failed"
        automatic.fall_out(timer.workitem_id, kind=kind, problem=problem)
        return
    pause = PAUSES[min(timer.attempts, len(PAUSES) - 1)]
    due_at = clock.now() + pause
    with transaction.atomic():
        Timer.objects.filter(pk=timer.pk, state="pending").update(
            due_at=due_at, attempts=ONE_MORE
        )
        scheduler.arm(due_at)

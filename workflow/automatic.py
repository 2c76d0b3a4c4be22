"""Work that the engine does itself, as the account WF_USER_AUTO.

A handler runs outside any row lock; the step that its end makes is written once.
Each automatic work item has a timer from its first moment, so a run that is killed is
found again. One that fails is tried again later, `max_attempts` times in all; then it
falls out, with an incident that says why, and waits for help.
"""

import logging
import random
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from kernel import clock
from workflow import (
    conf,
    graph,
    handlers,
    inputs,
    moves,
    moving,
    provisioning,
    steps,
    subflow,
    tenancy,
)
from workflow.errors import (
    NoMatch,
    TokenLimit,
    WorkItemClosed,
    WorkItemConflict,
)
from workflow.failures import described, kind_of, traced
from workflow.models import Incident, ProcessInstance, WorkItem
from workflow.steps import Step, later

logger = logging.getLogger(__name__)

Status = WorkItem.Status
#: How long each further attempt waits, give or take a fifth.
PAUSES: Final = (timedelta(seconds=10), timedelta(seconds=60), timedelta(seconds=300))
#: What another attempt would not change.
FINAL: Final = (NoMatch, TokenLimit)

Job = Callable[[], Step | None]


def follow(step: Step) -> None:
    """Run the automatic work that a step made, and what comes of it.

    At most GOFLOW_AUTO_CHAIN_LIMIT pieces; the timers of the rest are due soon.
    """
    _follow(jobs(step))


def follows(step: Step) -> bool:
    """Tell whether the engine goes on by itself after a step."""
    return bool(jobs(step))


def run_and_follow(item_id: int) -> None:
    """Do one automatic work item and what comes of it; see `follow`."""
    _follow([partial(run, item_id)])


def come_back_and_follow(item_id: int) -> None:
    """Let the work item of a subflow that ended go on; see `follow`."""
    _follow([partial(subflow.come_back, item_id)])


def jobs(step: Step) -> list[Job]:
    """Return what a step leaves to the engine, in its children too."""
    found: list[Job] = [partial(run, item_id) for item_id in step.automatic]
    found += [partial(subflow.come_back, item_id) for item_id in step.returned]
    for child in step.children:
        found += jobs(child)
    return found


def _follow(waiting: list[Job]) -> None:
    queue = deque(waiting)
    for _ in range(int(conf.value("GOFLOW_AUTO_CHAIN_LIMIT"))):
        if not queue:
            return
        step = queue.popleft()()
        if step is not None:
            queue.extend(jobs(step))


def run(item_id: int) -> Step | None:
    """Do one automatic work item; return its step, if there was anything to do."""
    try:
        return _run(item_id)
    except WorkItemConflict:
        # Another worker did it; that is what the timer and this call may both try.
        return None
    except Exception as problem:
        logger.exception("workflow.automatic_failed", extra={"workitem": item_id})
        fail(item_id, problem)
        return None


def _run(item_id: int) -> Step | None:
    rows = tenancy.filtered(WorkItem.objects.filter(pk=item_id))
    item = steps.with_all(rows).get()
    if not item.is_open:
        raise WorkItemClosed
    if not may_run(item.instance):
        return None
    answer = work(item)
    by = provisioning.system_user()
    return steps.run(
        lambda: steps.read(item_id, by=by, spare=moving.SPARE),
        lambda step: _end(step, answer),
    )


def may_run(instance: ProcessInstance) -> bool:
    """Tell whether the engine may work now; otherwise a timer comes back to it."""
    is_running = instance.status == ProcessInstance.Status.RUNNING
    return is_running and instance.process.enabled


def work(item: WorkItem) -> dict[str, Any]:
    """Call what does the work of an activity, outside any lock; return its answer."""
    node = graph.of(item.instance.process).node_of(item.activity_id)
    if node.application:
        handler = handlers.auto_applications.get(node.application)
        answer = handler(workitem=item, **node.app_param)
        return answer if isinstance(answer, dict) else {}
    if node.autostart:
        note(item, node.title)
    return {}


def note(item: WorkItem, title: str) -> None:
    """Write a line into the document's `history`, where it has such a text."""
    document = item.wfobject()
    names = {
        field.name
        for field in (document._meta.concrete_fields if document else ())  # noqa: SLF001 - Django's public name
        if isinstance(field, TextField)
    }
    if document is None or "history" not in names:
        return
    line = f"{clock.now():%Y-%m-%d %H:%M} {title}\n"
    type(document)._base_manager.filter(pk=document.pk).update(  # noqa: SLF001 - Django's public name
        history=Concat(F("history"), Value(line), output_field=TextField())
    )


def _end(step: Step, answer: dict[str, Any]) -> None:
    from workflow import engine

    item = step.current
    if not item.is_open:
        raise WorkItemClosed
    moves.require_running(step)
    if item.status == Status.INACTIVE:
        engine.start_on(step, item)
    outcome = answer.get("condition")
    inputs.require_outcome(outcome)
    inputs.require_data(answer.get("data"))
    engine.finish(step, outcome=outcome, data=answer.get("data"))


# What goes wrong


def fail(item_id: int, problem: Exception) -> None:
    """Try automatic work again later, or open an incident after the last attempt."""

    def decide(step: Step) -> None:
        item = step.current
        if not item.is_open:
            raise WorkItemClosed
        step.end_timers(item)
        attempts = item.attempts + 1
        if attempts >= step.node.max_attempts or isinstance(problem, FINAL):
            _fall_out(step, kind=kind_of(problem), problem=problem, attempts=attempts)
            return
        pause = PAUSES[min(attempts, len(PAUSES)) - 1]
        # Not all that failed together come back together.
        pause *= random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        step.change(item, attempts=attempts)
        step.arm("auto", item, later(step, pause))

    _write(item_id, decide)


def fall_out(item_id: int, *, kind: str, problem: Exception) -> None:
    """Show that a work item needs help; it keeps its token and leaves the engine.

    Does nothing where the item has moved on meanwhile.
    """

    def decide(step: Step) -> None:
        if not step.current.is_open:
            raise WorkItemClosed
        step.end_timers(step.current)
        _fall_out(step, kind=kind, problem=problem, attempts=1)

    _write(item_id, decide)


def report(item_id: int, problem: Exception) -> None:
    """Open an incident on a work item that stays as it is: a step of it failed."""

    def decide(step: Step) -> None:
        if Incident.objects.open().filter(workitem=item_id).exists():
            return  # it is known
        step.open_incident(
            step.current,
            kind=kind_of(problem),
            message=described(problem),
            trace=traced(problem),
        )

    _write(item_id, decide)


def _fall_out(step: Step, *, kind: str, problem: Exception, attempts: int) -> None:
    item = step.current
    step.fall_out(
        item,
        before=item.status,
        kind=kind,
        message=described(problem),
        trace=traced(problem),
        attempts=attempts,
    )
    step.change(item, status=Status.FALLOUT.value, attempts=attempts)


def _write(item_id: int, decide: Callable[[Step], None]) -> None:
    try:
        steps.run(lambda: steps.read(item_id, by=provisioning.system_user()), decide)
    except WorkItemConflict:
        logger.info("workflow.fallout_not_needed", extra={"workitem": item_id})

"""Work that the engine does itself, as the account WF_USER_AUTO.

A handler runs outside any row lock; the step that its end makes is written once.
Each automatic work item has a timer from its first moment, so a run that is killed is
found again; one that fails falls out, with the reason in the audit, and waits for help.
"""

import logging
from collections import deque
from typing import Any

from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from kernel import clock
from kernel.errors import ApplicationError
from workflow import (
    conf,
    graph,
    handlers,
    inputs,
    moves,
    provisioning,
    steps,
    tenancy,
)
from workflow.errors import WorkItemClosed, WorkItemConflict
from workflow.models import WorkItem
from workflow.steps import Step

logger = logging.getLogger(__name__)

Status = WorkItem.Status
#: What is kept of an error's text.
LONGEST_MESSAGE = 500


def follow(step: Step) -> None:
    """Run the automatic work that a step made, and what comes of it.

    At most GOFLOW_AUTO_CHAIN_LIMIT pieces; the timers of the rest are due soon.
    """
    _follow(step.automatic)


def run_and_follow(item_id: int) -> None:
    """Do one automatic work item and what comes of it; see `follow`."""
    _follow([item_id])


def _follow(item_ids: list[int]) -> None:
    waiting = deque(item_ids)
    for _ in range(int(conf.value("GOFLOW_AUTO_CHAIN_LIMIT"))):
        if not waiting:
            return
        waiting.extend(run(waiting.popleft()))


def run(item_id: int) -> list[int]:
    """Do one automatic work item; return the automatic ones that follow it."""
    try:
        return _run(item_id)
    except WorkItemConflict:
        # Another worker did it; that is what the timer and this call may both try.
        return []
    except Exception as problem:
        logger.exception("workflow.automatic_failed", extra={"workitem": item_id})
        fall_out(item_id, kind="auto.failed", problem=problem)
        return []


def _run(item_id: int) -> list[int]:
    rows = tenancy.filtered(WorkItem.objects.filter(pk=item_id))
    item = steps.with_all(rows).get()
    if not item.is_open:
        raise WorkItemClosed
    answer = work(item)
    step = steps.run(
        lambda: steps.read(item_id, by=provisioning.system_user()),
        lambda step: _end(step, answer),
    )
    return step.automatic


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


def fall_out(item_id: int, *, kind: str, problem: Exception) -> None:
    """Show that a work item needs help; it keeps its token and leaves the engine.

    Does nothing where the item has moved on meanwhile.
    """

    def decide(step: Step) -> None:
        item = step.current
        if not item.is_open:
            raise WorkItemClosed
        step.event(
            "workitem.fallout",
            item,
            moved=(item.status, "fallout"),
            kind=kind,
            message=described(problem),
        )
        step.change(item, status=Status.FALLOUT.value)
        step.end_timers(item)

    try:
        steps.run(lambda: steps.read(item_id, by=provisioning.system_user()), decide)
    except WorkItemConflict:
        logger.info("workflow.fallout_not_needed", extra={"workitem": item_id})


def described(problem: Exception) -> str:
    """Return what went wrong in a line that can be stored.

    Only our own errors are quoted; the text of another may hold what was typed.
    """
    name = type(problem).__name__
    if isinstance(problem, ApplicationError):
        handler = problem.extra.get("handler")
        detail = f"{problem.detail} ({handler})" if handler else problem.detail
        return inputs.shortened(f"{name}: {detail}")[:LONGEST_MESSAGE]
    return name

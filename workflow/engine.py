"""Activate, complete, forward: the verbs that move work.

Each is one step: one transaction, at most five statements, audit included, and a
refusal changes nothing.
Whoever acts is named as `by`; automatic work that follows runs before the call
returns, each piece in a step of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workflow import (
    handing,
    inputs,
    moving,
    variables,
)
from workflow.acting import act
from workflow.errors import (
    InstanceClosed,
    NotHolder,
    WorkItemState,
)
from workflow.models import WorkItem
from workflow.moves import require_move, require_running
from workflow.steps import Step

Status = WorkItem.Status
Data = Mapping[str, Any] | None


def activate_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Take a work item and start on it; doing it twice changes nothing.

    Raises WorkItemHeld, NotCandidate, WorkItemState and ProcessDisabled.
    """
    return act(item, by, _activate, alone=True)


def _activate(step: Step) -> None:
    handing.require_takeable(step)
    item = step.current
    if item.status == Status.ACTIVE:
        return
    if item.user_id is None:
        step.event("workitem.assigned", item, mode="activate", user_id=step.by.pk)
    start_on(step, item)


def start_on(step: Step, item: WorkItem) -> None:
    """Make an inactive work item active, held by whoever acts."""
    step.event("workitem.activated", item, moved=(item.status, "active"))
    item.user = step.by
    step.change(
        item,
        status=Status.ACTIVE.value,
        activated_at=item.activated_at or step.now,
    )


def complete_work_item(
    item: WorkItem, *, by: Any, outcome: str | None = None, data: Data = None
) -> WorkItem:
    """Finish a work item with an outcome and send its token on, in one step.

    Without an outcome the token keeps the one it came with.
    Raises NotHolder, WorkItemState or another WorkItemConflict, and NoMatch, which
    lists the accepted outcomes.
    """
    inputs.require_outcome(outcome)
    inputs.require_data(data)

    def decide(step: Step) -> None:
        if step.current.user_id != step.by.pk:
            raise NotHolder
        require_running(step)
        require_move(step.current, "complete")
        finish(step, outcome=outcome, data=data)

    return act(item, by, decide, spare=moving.SPARE, alone=True)


def finish(step: Step, *, outcome: str | None, data: Data, comment: str = "") -> None:
    """Complete the current work item and forward it, if it does so by itself.

    What was delegated to come back goes back instead.
    """
    item = step.current
    if handing.must_return(item):
        handing.give_back(step, outcome=outcome, data=data, comment=comment)
        return
    said: dict[str, Any] = {} if outcome is None else {"condition": outcome}
    if comment:
        said["comment"] = comment
    if data:
        step.instance.data = variables.merged(step, data)
    moving.complete(step, item, before=item.status, outcome=outcome, **said)
    if step.node.autofinish:
        moving.forward(step, item)


def may_forward(item: WorkItem, *, by: Any) -> bool:
    """Say whether a person may send on the token of a completed work item."""
    return item.user_id == by.pk or bool(by.has_perm("workflow.can_manage_instances"))


def forward_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Send on the token of a work item that was completed and waits for this.

    Raises NotHolder, WorkItemState, ForwardedAlready and NoMatch.
    """

    def decide(step: Step) -> None:
        if not may_forward(step.current, by=step.by):
            raise NotHolder
        if not step.instance.is_open and step.current.forwarded_at is None:
            raise InstanceClosed
        require_running(step)
        if step.current.status != Status.COMPLETE:
            raise WorkItemState
        moving.forward(step, step.current)

    return act(item, by, decide, spare=moving.SPARE, alone=True)


def finish_work_item(
    item: WorkItem,
    *,
    by: Any,
    outcome: str | None = None,
    comment: str = "",
    also: Callable[[Step], object] | None = None,
) -> WorkItem:
    """Take a work item, if need be, and complete it: one press of a button.

    Taking and completing are one step, so a refusal leaves it as it was; `also` is
    called in it before the conditions are read, and may write to the document.
    The comment is kept in the audit.
    """
    inputs.require_outcome(outcome)
    inputs.require_comment(comment)

    def decide(step: Step) -> None:
        if step.current.status != Status.ACTIVE:
            _activate(step)
        elif step.current.user_id != step.by.pk:
            raise NotHolder
        require_running(step)
        require_move(step.current, "complete")
        if outcome is None and step.graph.outcomes(step.node.key):
            raise moving.no_match(step.graph, step.node.key)
        if also is not None:
            also(step)
        finish(step, outcome=outcome, data=None, comment=comment)

    return act(item, by, decide, spare=moving.SPARE)

"""Suspend, resume and cancel an instance, with all that its subflows began.

Each is one transaction, and its statements do not grow with the work inside.
A refusal changes nothing.
"""

from collections.abc import Callable
from typing import Any, Final

from django.db import OperationalError, transaction

from workflow import conf, inputs, steps, tree
from workflow.acting import require_version
from workflow.errors import (
    InstanceClosed,
    InstanceNotAllowed,
    InstanceState,
    ReasonInvalid,
    WorkItemConflict,
)
from workflow.graph import Graph
from workflow.models import ProcessInstance, WorkItem
from workflow.models.work_item import LIVE
from workflow.steps import Step
from workflow.tree import Tree

Status = ProcessInstance.Status
#: What a caller's own object shows after a call.
SHOWN: Final = ("status", "old_status", "marking", "closed_at", "close_reason")


def suspend_instance(instance: ProcessInstance, *, by: Any) -> ProcessInstance:
    """Pause an instance: nobody can work on it, and its timers stand still.

    Raises InstanceNotAllowed, InstanceState and InstanceClosed.
    """

    def decide(found: Tree) -> None:
        require_manager(by)
        if found.top.instance.status != Status.RUNNING:
            raise state_of(found.top.instance)
        found.walk(pause)

    return move(instance, decide, by=by)


def pause(found: Tree, step: Step) -> bool:
    """Pause one instance; return whether those below it are to be paused.

    One that was paused by itself stays so at the resuming, with all below it.
    """
    status = step.instance.status
    if status == Status.SUSPENDED:
        found.change(step, "suspended", old="suspended", work="")
    if status != Status.RUNNING:
        return False
    step.event("instance.suspended", moved=("running", "suspended"))
    found.change(step, "suspended", old="running", work="pause")
    return True


def resume_instance(instance: ProcessInstance, *, by: Any) -> ProcessInstance:
    """Let a paused instance go on, its timers with what remained of them.

    Raises InstanceNotAllowed, InstanceClosed, and InstanceState where it is not
    paused, or what it is a subflow of is.
    """

    def decide(found: Tree) -> None:
        require_manager(by)
        if found.top.instance.status != Status.SUSPENDED:
            raise state_of(found.top.instance)
        if found.parent and found.parent.instance.status == Status.SUSPENDED:
            raise InstanceState("What this is a part of is suspended; resume that.")
        found.walk(go_on)

    return move(instance, decide, by=by)


def go_on(found: Tree, step: Step) -> bool:
    """Resume one instance, but for one that was paused by itself; see `pause`."""
    instance = step.instance
    if instance.status != Status.SUSPENDED:
        return False
    if instance.old_status == Status.SUSPENDED:
        found.change(step, "suspended", old="running", work="")
        return False
    step.event("instance.resumed", moved=("suspended", "running"))
    found.change(step, "running", old=None, work="resume")
    return True


def cancel_instance(
    instance: ProcessInstance, *, by: Any, reason: str
) -> ProcessInstance:
    """End an instance for good; its open work is cancelled.

    Whoever asked for it may do so where the process says so.
    Raises InstanceNotAllowed, InstanceClosed and ReasonInvalid.
    """
    reason = checked_reason(reason)

    def decide(found: Tree) -> None:
        if not may_cancel(found.top.instance, found.top.graph, by=by):
            raise InstanceNotAllowed
        if not found.top.instance.is_open:
            raise InstanceClosed
        found.walk(end)
        tell_parent(found)

    return move(instance, decide, by=by, reason=reason)


def may_cancel(instance: ProcessInstance, version: Graph, *, by: Any) -> bool:
    """Say whether a person may end an instance: who manages, or asked for the whole."""
    is_own = instance.user_id == by.pk and instance.depth == 0
    if is_own and version.requester_may_cancel:
        return True
    return bool(by.has_perm("workflow.can_manage_instances"))


def checked_reason(reason: str) -> str:
    """Return why something is done, as it is stored. Raises ReasonInvalid."""
    text = reason.strip()
    if not text:
        raise ReasonInvalid
    inputs.require_comment(text)
    return text


def end(found: Tree, step: Step) -> bool:
    """End one instance and cancel its open work; return whether to go on below."""
    instance = step.instance
    if not instance.is_open:
        return False
    items = WorkItem.objects.filter(instance=instance, status__in=LIVE).order_by("id")
    for item in items:
        step.event("workitem.cancelled", item, moved=(item.status, "cancelled"))
    step.event(
        "instance.terminated",
        moved=(instance.status, "terminated"),
        reason=found.reason,
    )
    found.change(step, "terminated", old=None, work="end")
    instance.marking = {}
    instance.closed_at = found.now
    instance.close_reason = found.reason
    return True


def tell_parent(found: Tree) -> None:
    """Let the work item whose subflow was ended fall out: somebody has to decide."""
    parent, item = found.parent, found.top.instance.parent_workitem
    if parent is None or item is None or not parent.instance.is_open:
        return
    parent.fall_out(
        item,
        before=item.status,
        kind="subflow.terminated",
        message=f"The subflow was cancelled: {found.reason}",
    )
    instance = parent.instance
    found.change(parent, instance.status, old=instance.old_status, work="")
    found.fallen = item.pk


def move(
    instance: ProcessInstance,
    decide: Callable[[Tree], None],
    *,
    by: Any,
    reason: str = "",
) -> ProcessInstance:
    """Lock the tree, decide and write; the caller's own object shows the new state."""
    found = attempt(instance, decide, by=by, reason=reason)
    for name in SHOWN:
        setattr(instance, name, getattr(found.top.instance, name))
    instance.version = found.top.instance.version + 1
    return instance


def attempt(
    instance: ProcessInstance, decide: Callable[[Tree], None], *, by: Any, reason: str
) -> Tree:
    """Lock, decide and write; once more where two waited for each other."""
    for left in reversed(range(1 + int(conf.value("GOFLOW_STEP_RETRIES")))):
        try:
            with transaction.atomic():
                found = tree.lock(instance, by=by, reason=reason)
                require_version(instance, found.top.instance)
                decide(found)
                found.write()
        except OperationalError as problem:
            steps.refuse_waiting(problem)
            if not left or not steps.is_deadlock(problem):
                raise
        else:
            return found
    raise WorkItemConflict


def require_manager(by: Any) -> None:
    """Raise InstanceNotAllowed for anybody who may not manage instances."""
    if not by.has_perm("workflow.can_manage_instances"):
        raise InstanceNotAllowed


def state_of(instance: ProcessInstance) -> InstanceState:
    """Return the refusal of a move that the state does not allow."""
    if not instance.is_open:
        return InstanceClosed()
    return InstanceState(f"The process instance is {instance.status}.")

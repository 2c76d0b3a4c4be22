"""What a person may do with a work item in each of its states, and when nobody may."""

from typing import Final

from workflow.errors import (
    InstanceClosed,
    InstanceState,
    ProcessDisabled,
    WorkItemClosed,
    WorkItemState,
)
from workflow.models import ProcessInstance, WorkItem
from workflow.steps import Step

Status = WorkItem.Status
#: Of work that is to do or in progress.
OF_OPEN: Final = frozenset({"activate", "release", "reassign", "delegate"})

#: What is not listed is refused.
MOVES: Final[dict[str, frozenset[str]]] = {
    Status.BLOCKED: frozenset(),
    Status.INACTIVE: OF_OPEN,
    Status.ACTIVE: OF_OPEN | {"complete"},
    Status.SUSPENDED: frozenset(),
    Status.FALLOUT: frozenset(),
    Status.COMPLETE: frozenset({"forward"}),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
}
CLOSED: Final = frozenset({Status.COMPLETE, Status.EXPIRED, Status.CANCELLED})


def require_running(step: Step) -> None:
    """Raise InstanceState or ProcessDisabled where nobody may act now."""
    instance = step.instance
    if instance.is_open and instance.status != ProcessInstance.Status.RUNNING:
        raise InstanceState(
            f"The process instance is {instance.status}.",
            code=f"instance.{instance.status}",
        )
    if not instance.process.enabled:
        raise ProcessDisabled
    if not instance.is_open and step.current.status not in CLOSED:
        raise InstanceClosed


def require_move(item: WorkItem, move: str) -> None:
    """Raise WorkItemClosed or WorkItemState unless the state allows the move."""
    if move in MOVES[item.status]:
        return
    if item.status in CLOSED:
        raise WorkItemClosed
    raise WorkItemState(f"The work item is {item.get_status_display()}.")

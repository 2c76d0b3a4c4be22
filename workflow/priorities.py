"""How urgent a work item is."""

from typing import Any, Final

from workflow.acting import act
from workflow.errors import DataInvalid, NotAllowed
from workflow.models import WorkItem
from workflow.moves import require_move, require_running
from workflow.steps import Step

#: PostgreSQL's integer.
MOST: Final = 2**31 - 1


def change_priority(item: WorkItem, *, priority: int, by: Any) -> WorkItem:
    """Make an open work item more or less urgent.

    Raises NotAllowed without `workflow.can_change_priority`, DataInvalid,
    WorkItemState and WorkItemClosed.
    """
    if not -MOST <= priority <= MOST:
        raise DataInvalid("There is no such priority.")

    def decide(step: Step) -> None:
        if not may_change(by):
            raise NotAllowed("You may not change the priority of work.")
        require_running(step)
        require_move(step.current, "reassign")
        before = step.current.priority
        if before != priority:
            step.event(
                "workitem.priority_changed", step.current, before=before, now=priority
            )
            step.change(step.current, priority=priority)

    return act(item, by, decide)


def may_change(user: Any) -> bool:
    """Say whether a person may change the priority of work."""
    return bool(user.has_perm("workflow.can_change_priority"))

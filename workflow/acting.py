"""A verb of a person on a work item: one step, and the automatic work that follows."""

from collections.abc import Callable
from typing import Any

from workflow import automatic, steps
from workflow.models import WorkItem
from workflow.steps import Step


def act(
    item: WorkItem, by: Any, decide: Callable[[Step], None], *, spare: int = 0
) -> WorkItem:
    """Run a step about a work item; the caller's own object shows the new state.

    `spare` is how many new work items it will likely make.
    """
    step = steps.run(lambda: steps.read(item.pk, by=by, spare=spare), decide)
    steps.show(step, item)
    automatic.follow(step)
    return item

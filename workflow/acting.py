"""A verb of a person on a work item: one step, and the automatic work that follows."""

from collections.abc import Callable
from typing import Any

from workflow import automatic, steps
from workflow.errors import HandlerFailed
from workflow.models import Incident, WorkItem
from workflow.steps import Step


def act(
    item: WorkItem, by: Any, decide: Callable[[Step], None], *, spare: int = 0
) -> WorkItem:
    """Run a step about a work item; the caller's own object shows the new state.

    `spare` is how many new work items it will likely make.
    Raises HandlerFailed, with the number of the incident, where a registered handler
    fails; the work item then stays as it was.
    """
    try:
        step = steps.run(lambda: steps.read(item.pk, by=by, spare=spare), decide)
    except HandlerFailed as problem:
        automatic.report(item.pk, problem)
        open_ones = Incident.objects.open().filter(workitem=item.pk)
        problem.extra["incident_id"] = open_ones.values_list("pk", flat=True).first()
        raise
    steps.show(step, item)
    automatic.follow(step)
    return item

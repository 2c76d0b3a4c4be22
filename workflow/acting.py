"""A verb of a person on a work item: one step, and the automatic work that follows."""

from collections.abc import Callable
from typing import Any

from workflow import automatic, steps
from workflow.errors import HandlerFailed, VersionMismatch
from workflow.models import Incident, WorkItem
from workflow.steps import Step


def require_version(given: Any, read: Any) -> None:
    """Raise VersionMismatch where the caller's object asks for another version.

    Who has read a version and wants no other says so: `item.expected_version = 3`.
    """
    if given.expected_version not in {None, read.version}:
        raise VersionMismatch


def act(
    item: WorkItem,
    by: Any,
    decide: Callable[[Step], None],
    *,
    spare: int = 0,
    alone: bool = False,
) -> WorkItem:
    """Run a step about a work item; the caller's own object shows the new state.

    `spare` is how many new work items it will likely make, and `alone` says that
    `decide` writes nothing itself.
    Raises VersionMismatch where the caller asked for another version, and
    HandlerFailed, with the number of the incident, where a registered handler fails;
    the work item then stays as it was.
    """

    def checked(step: Step) -> None:
        require_version(item, step.current)
        decide(step)

    try:
        step = steps.run(
            lambda: steps.read(item.pk, by=by, spare=spare), checked, alone=alone
        )
    except HandlerFailed as problem:
        automatic.report(item.pk, problem)
        open_ones = Incident.objects.open().filter(workitem=item.pk)
        problem.extra["incident_id"] = open_ones.values_list("pk", flat=True).first()
        raise
    steps.show(step, item)
    automatic.follow(step)
    return item

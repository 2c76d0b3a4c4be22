"""Retry and skip: what a person does about work that cannot go on.

Each is one step on the work item that fell out; ending the instance is the third way
(`workflow.lifecycle`). All of them need a reason and are audited.
"""

from collections.abc import Callable
from typing import Any

from workflow import inputs, lifecycle, moving, routing
from workflow.acting import act
from workflow.assignment import place, set_timeouts
from workflow.errors import IncidentClosed, IncidentNotAllowed
from workflow.models import Incident, WorkItem
from workflow.moves import require_running
from workflow.steps import Step

Status = WorkItem.Status


def retry_incident(incident: Incident, *, by: Any, reason: str) -> WorkItem:
    """Run the activity again, with all its attempts before it.

    A work item that was not stopped stays as it is. A join that nothing more can
    reach goes on with what has arrived.
    Raises IncidentNotAllowed, IncidentClosed, ReasonInvalid and InstanceState.
    """

    def decide(step: Step, why: str) -> None:
        item = step.current
        if item.status != Status.FALLOUT:
            step.event("incident.retried", item, reason=why)
        elif waits_at_join(step):
            moved = ("fallout", "blocked")
            step.event("incident.retried", item, moved=moved, reason=why)
            moving.open_join(step, item)
        else:
            moved = ("fallout", "inactive")
            step.event("incident.retried", item, moved=moved, reason=why)
            begin_again(step)
        step.resolve_incident(item, resolution="retried", reason=why)

    return resolve(incident, decide, by=by, reason=reason)


def begin_again(step: Step) -> None:
    """Put a work item where it stood when it was new, and give it to somebody."""
    item, node = step.current, step.node
    step.change(item, status=Status.INACTIVE.value, attempts=0)
    if node.is_subflow or node.is_automatic or item.user_id is None:
        place(step, [(item, node)])
    else:
        set_timeouts(step, item, node)


def waits_at_join(step: Step) -> bool:
    """Tell whether a work item fell out since nothing more can arrive at its join."""
    return step.current.pk in step.marking.rounds.get(step.node.key, ())


def skip_incident(
    incident: Incident, *, by: Any, reason: str, condition: str | None = None
) -> WorkItem:
    """Complete the work item with an outcome, as if the work had been done.

    Raises IncidentNotAllowed, IncidentClosed, ReasonInvalid, InstanceState, and
    NoMatch, which lists the accepted outcomes.
    """
    inputs.require_outcome(condition)

    def decide(step: Step, why: str) -> None:
        item = step.current
        if item.status != Status.FALLOUT:
            raise IncidentClosed("The work item goes on; there is nothing to skip.")
        step.event("incident.skipped", item, condition=condition, reason=why)
        if waits_at_join(step) and step.node.key == step.graph.end:
            moving.open_join(step, item)
        else:
            pass_over(step, condition)
        step.resolve_incident(item, resolution="skipped", reason=why)

    return resolve(incident, decide, by=by, reason=reason)


def pass_over(step: Step, condition: str | None) -> None:
    """Complete a work item that fell out and send its token on."""
    item = step.current
    if waits_at_join(step):
        moves = routing.open_join(
            step.graph, step.marking, item=item.pk, join=step.node.key
        )
        step.marking = moves.marking
    moving.complete(step, item, before="fallout", outcome=condition)
    moving.forward(step, item)


def resolve(
    incident: Incident,
    decide: Callable[[Step, str], None],
    *,
    by: Any,
    reason: str,
) -> WorkItem:
    """Run a step about the work item of an incident that is still open."""
    if not by.has_perm("workflow.can_resolve_incidents"):
        raise IncidentNotAllowed
    why = lifecycle.checked_reason(reason)

    def checked(step: Step) -> None:
        # Read in the step: of two people who resolve it, one is told.
        if not Incident.objects.open().filter(pk=incident.pk).exists():
            raise IncidentClosed
        require_running(step)
        decide(step, why)

    item = act(incident.workitem, by, checked, spare=moving.SPARE)
    incident.refresh_from_db()
    item.refresh_from_db()
    return item

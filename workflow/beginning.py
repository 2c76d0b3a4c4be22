"""The first work item of an instance, of a request and of a subflow alike."""

from workflow import moving
from workflow.assignment import place, set_timeouts
from workflow.models import WorkItem
from workflow.routing import Marking
from workflow.steps import Step


def first(step: Step) -> None:
    """Make the first work item of an instance; the requester holds it.

    Unless a push application says otherwise, or the engine does the work itself.
    """
    node = step.graph.nodes[step.graph.begin]
    [number] = step.numbers(1)
    item = moving.new_item(step, number, node.id, WorkItem.Status.INACTIVE, None)
    step.marking = Marking().arrived(node.key)
    step.created.append(item)
    step.event("process.started", user_id=step.instance.user_id)
    step.move_instance("running")
    step.event("workitem.created", item, moved=("", "inactive"))
    if node.is_automatic or node.push_application:
        place(step, [(item, node)])
    else:
        place_with_requester(step, item)
    step.item = item


def place_with_requester(step: Step, item: WorkItem) -> None:
    """Let the requester hold the item; nobody is told about what they did just now."""
    item.user_id = step.instance.user_id
    step.event("workitem.assigned", item, mode="start", user_id=item.user_id)
    if step.by is None or item.user_id != step.by.pk:
        step.arm("notice", item, step.now)
    set_timeouts(step, item, step.graph.node_of(item.activity_id))

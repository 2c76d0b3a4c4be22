"""What a person may do now with a work item or an instance, as verbs.

The API tells it, and the pages have a button for each; the engine decides again.
"""

from typing import Any

from workflow import assignment, engine, graph, handing, lifecycle
from workflow.graph import Graph, Node
from workflow.models import ProcessInstance, WorkItem

Status = ProcessInstance.Status
#: The verbs that change who has a work item, or send it on as it is.
HANDS = ("claim", "release", "delegate", "reassign", "forward")


def of_item(item: WorkItem, *, by: Any) -> list[str]:
    """Return the verbs that the engine takes from a person about a work item now.

    Beside the rights of the person it reads their groups, at most.
    """
    instance = item.instance
    if instance.status != Status.RUNNING or not instance.process.enabled:
        return []
    if item.status == WorkItem.Status.COMPLETE:
        waits = item.forwarded_at is None
        return ["forward"] if waits and engine.may_forward(item, by=by) else []
    version = graph.of(instance.process)
    node = version.node_of(item.activity_id)
    if not item.is_open or node.is_automatic:
        return []
    found = own(item, version, node, by=by) if item.user_id in {None, by.pk} else []
    if handing.may_reassign(by):
        is_releasable = item.user_id is not None and handing.is_pullable(version, node)
        found += ["release"] if is_releasable and "release" not in found else []
        found.append("reassign")
    return found


def own(item: WorkItem, version: Graph, node: Node, *, by: Any) -> list[str]:
    """Return what anybody may do with work that they hold, or that nobody holds."""
    if item.user_id is None:
        return ["activate", "claim"] if may_take(item, version, node, by=by) else []
    if item.status == WorkItem.Status.ACTIVE:
        found = ["complete"]
    else:
        found = ["activate"] if may_take(item, version, node, by=by) else []
    free = ["release"] if handing.is_pullable(version, node) else []
    return [*found, *free, "delegate"]


def may_take(item: WorkItem, version: Graph, node: Node, *, by: Any) -> bool:
    """Say whether a person may begin with work."""
    return assignment.may_anyway(item, version, by=by) or handing.may_do(by, node)


def of_instance(instance: ProcessInstance, *, by: Any) -> list[str]:
    """Return the verbs that are taken from a person about an instance now."""
    if not instance.is_open:
        return []
    found = []
    if by.has_perm("workflow.can_manage_instances"):
        if instance.status == Status.RUNNING:
            found.append("suspend")
        elif instance.status == Status.SUSPENDED and not waits_for_parent(instance):
            found.append("resume")
    if lifecycle.may_cancel(instance, graph.of(instance.process), by=by):
        found.append("cancel")
    return found


def waits_for_parent(instance: ProcessInstance) -> bool:
    """Say whether a paused instance is a part of one that is paused itself."""
    if instance.parent_workitem_id is None:
        return False
    above = ProcessInstance.objects.filter(workitems=instance.parent_workitem_id)
    return bool(above.filter(status=Status.SUSPENDED).exists())

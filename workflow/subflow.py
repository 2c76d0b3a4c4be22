"""An activity whose work is a process of its own: the child instance.

The child begins in the step that makes the work item, which is blocked until the child
is complete; then it is complete, too, and its token goes on.

`map_in` names the child's variables, and `map_out` the parent's, each with a value:
a variable of the other side by its name (`instance.data.KEY`, or a name of its
`data_schema`), or anything else as it stands. `map_in` may name another `document`,
and `map_out` the `condition` that the token goes on with.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import BigIntegerField, Func, Value

from workflow import (
    conf,
    documents,
    graph,
    handlers,
    inputs,
    moves,
    moving,
    provisioning,
    steps,
    tenancy,
    variables,
)
from workflow.errors import (
    DataInvalid,
    InstanceState,
    NoMatch,
    ProcessDisabled,
    WorkItemConflict,
    WorkItemState,
)
from workflow.failures import described, kind_of, traced
from workflow.graph import Graph, Node
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.steps import Step

logger = logging.getLogger(__name__)

Status = WorkItem.Status
#: How a value of a mapping names a variable.
VARIABLE: Final = "instance.data."


class CannotStart(Exception):
    """The child cannot begin; the message says why."""


def begin(step: Step, item: WorkItem, node: Node) -> None:
    """Start the child of a new work item, in the same step.

    Where it cannot start, the item falls out.
    """
    deepest = int(conf.value("GOFLOW_MAX_SUBFLOW_DEPTH"))
    try:
        if step.instance.depth >= deepest:
            stop(step, item, "subflow.depth", f"Subflows nest {deepest} deep at most.")
            return
        child = Step(
            child_of(step, item, node),
            by=step.by,
            now=step.now,
            groups=step.groups,
            unpushable=step.unpushable,
            together=step.together,
        )
    except CannotStart as problem:
        stop(step, item, "subflow.missing", str(problem))
        return
    child.spare = [child.instance.process.item_number]  # type: ignore[attr-defined]
    if item.status != Status.BLOCKED:
        step.event("workitem.blocked", item, moved=(item.status, "blocked"))
    item.status = Status.BLOCKED.value
    step.children.append(child)

    from workflow import beginning

    beginning.first(child)


def stop(step: Step, item: WorkItem, kind: str, message: str) -> None:
    """Show that a subflow did not start."""
    step.fall_out(item, before=item.status, kind=kind, message=message)
    item.status = Status.FALLOUT.value


def child_of(step: Step, item: WorkItem, node: Node) -> ProcessInstance:
    """Return the new child instance. Raises CannotStart."""
    parent = step.instance
    process = process_of(node)
    version = graph.of(process)
    content_type_id, object_id = document_of(parent, node)
    number = process.instance_number
    return ProcessInstance(
        id=number,
        tenant_id=parent.tenant_id,
        org_id=parent.org_id,
        title=parent.title,
        process=process,
        process_version=process.version,
        user=parent.user,
        creationTime=step.now,
        priority=parent.priority,
        content_type_id=content_type_id,
        object_id=object_id,
        data=mapped_in(parent.data, step.graph, version, node),
        parent_workitem_id=item.pk,
        root_id=parent.root_id or parent.pk,
        depth=parent.depth + 1,
    )


def process_of(node: Node) -> Any:
    """Return the version that a subflow runs, with numbers for what it begins.

    Raises CannotStart where there is none, or it is switched off.
    """
    rows = tenancy.filtered(Process.objects.filter(code=node.subflow))
    if node.subflow_binding == "latest":
        rows = rows.filter(status=Process.Status.PUBLISHED)
    else:
        wanted = int(node.subflow_binding)
        rows = rows.filter(version=wanted).exclude(status=Process.Status.DRAFT)
    process: Any = rows.annotate(
        instance_number=reserved("workflow_processinstance_id_seq"),
        item_number=reserved("workflow_workitem_id_seq"),
    ).first()
    if process is None:
        raise CannotStart(f"The process {node.subflow!r} is not published.")
    if not process.enabled:
        raise CannotStart(f"The process {node.subflow!r} is switched off.")
    return process


def reserved(sequence: str) -> Func:
    """Return a new number of a sequence, as a column of another query."""
    return Func(Value(sequence), function="nextval", output_field=BigIntegerField())


def document_of(parent: ProcessInstance, node: Node) -> tuple[int, str]:
    """Return content type and key of the child's document: the parent's, or its own.

    Raises CannotStart where `map_in` names one that is not there.
    """
    named = node.map_in.get("document")
    if named is None:
        return parent.content_type_id, parent.object_id
    label = str(named.get("model", "")).lower()
    if label not in handlers.documents:
        raise CannotStart(f"{label!r} is no registered document.")
    model = handlers.documents.get(label).model
    document = documents.find(model, value_of(named.get("object_id"), parent.data, {}))
    if document is None:
        raise CannotStart("The document of the subflow is not there.")
    return documents.content_type_id(model), str(document.pk)


def mapped_in(
    data: Mapping[str, Any], here: Graph, there: Graph, node: Node
) -> dict[str, Any]:
    """Return the child's variables. Raises CannotStart where one is of a wrong type."""
    values = {
        name: value_of(value, data, here.data_schema)
        for name, value in node.map_in.items()
        if name != "document"
    }
    try:
        return variables.checked(there.data_schema, values)
    except DataInvalid as problem:
        raise CannotStart(problem.detail) from problem


def value_of(value: Any, data: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return what a value of a mapping stands for: a variable, or itself."""
    if isinstance(value, str) and value.startswith(VARIABLE):
        return data.get(value.removeprefix(VARIABLE))
    if isinstance(value, str) and value in schema:
        return data.get(value)
    return value


# The way back


def come_back(item_id: int) -> Step | None:
    """Complete the work item of a child that is complete, and send its token on.

    Returns the step, or None where there is nothing to do, yet or any more; what
    fails is an incident, and no matter of whoever finished the child.
    """
    by = provisioning.system_user()
    try:
        return steps.run(
            lambda: steps.read(item_id, by=by, spare=moving.SPARE), complete
        )
    except (WorkItemConflict, InstanceState, ProcessDisabled):
        return None  # the timer comes back to it, if there is anything to do
    except Exception as problem:
        logger.exception("workflow.subflow_failed", extra={"workitem": item_id})
        return fall_out(item_id, problem)


def complete(step: Step) -> None:
    """Decide what the end of a child does. Raises WorkItemState where it is not so."""
    item, node = step.current, step.node
    if item.status != Status.BLOCKED or not node.is_subflow:
        raise WorkItemState
    moves.require_running(step)
    child = item.children.order_by("-id").select_related("process").first()
    if child is None or child.status != ProcessInstance.Status.COMPLETE:
        raise WorkItemState
    outcome = map_out(step, child, node)
    said: dict[str, Any] = {} if outcome is None else {"condition": outcome}
    moving.complete(step, item, before="blocked", outcome=outcome, **said)
    if node.autofinish:
        moving.forward(step, item)


def map_out(step: Step, child: ProcessInstance, node: Node) -> str | None:
    """Write the parent's variables; return the outcome of the token, if one is named.

    Raises NoMatch where the parent's types refuse a value.
    """
    schema = graph.of(child.process).data_schema
    values = {
        name: value_of(value, child.data, schema)
        for name, value in node.map_out.items()
    }
    outcome = values.pop("condition", None)
    try:
        step.instance.data = variables.merged(step, values)
    except DataInvalid as problem:
        raise NoMatch(problem.detail) from problem
    if outcome == "instance.condition":
        outcome = child.condition
    return None if outcome is None else str(outcome)[: inputs.LONGEST_OUTCOME]


def fall_out(item_id: int, problem: Exception) -> Step | None:
    """Show that the token of a subflow cannot go on."""

    def decide(step: Step) -> None:
        item = step.current
        if item.status != Status.BLOCKED:
            raise WorkItemState
        step.fall_out(
            item,
            before="blocked",
            kind=kind_of(problem),
            message=described(problem),
            trace=traced(problem),
        )
        step.change(item, status=Status.FALLOUT.value)
        step.end_timers(item)

    by = provisioning.system_user()
    try:
        return steps.run(lambda: steps.read(item_id, by=by), decide)
    except WorkItemConflict:
        return None

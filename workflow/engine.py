"""Start, activate, complete, forward: the verbs that move work.

Each is one step: one transaction, at most five statements, audit included, and a
refusal changes nothing.
Whoever acts is named as `by`; automatic work that follows runs before the call
returns, each piece in a step of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.text import require_storable
from workflow import (
    automatic,
    documents,
    graph,
    handing,
    handlers,
    inputs,
    moving,
    steps,
    tenancy,
    variables,
)
from workflow.acting import act
from workflow.beginning import first
from workflow.errors import (
    DocumentInvalid,
    InstanceClosed,
    InstanceState,
    NotHolder,
    ProcessNotAllowed,
    ProcessNotFound,
    WorkItemState,
)
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.moves import require_move, require_running
from workflow.steps import Step

Status = WorkItem.Status
Data = Mapping[str, Any] | None


def start_process(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None = None,
    priority: int = 0,
    data: Data = None,
) -> WorkItem:
    """Start the published process with this title or code about a document.

    Returns the first work item, which the requester holds unless a push application
    says otherwise; the instance stays on the version it begins with.
    Raises ProcessNotFound, ProcessNotAllowed and DocumentInvalid.
    """
    begin = beginning(
        process_name,
        document=document,
        by=by,
        title=title,
        priority=priority,
        data=data,
    )
    step = steps.run(begin, first)
    automatic.follow(step)
    return fresh(step)


def prepare_process(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None = None,
    priority: int = 0,
    data: Data = None,
) -> ProcessInstance:
    """Write an instance that is started later, by `start_instance`.

    Raises as `start_process` does.
    """
    begin = beginning(
        process_name,
        document=document,
        by=by,
        title=title,
        priority=priority,
        data=data,
    )
    return steps.run(begin, lambda step: step.event("instance.created")).instance


def start_instance(instance: ProcessInstance, *, by: Any) -> WorkItem:
    """Start an instance that was prepared; only who prepared it may.

    Returns the first work item. Raises InstanceNotFound, InstanceState and what
    `start_process` raises.
    """

    def begin() -> Step:
        step = steps.read_instance(instance.pk, by=by, spare=1)
        if step.instance.status != ProcessInstance.Status.INITIATED:
            raise InstanceClosed if not step.instance.is_open else InstanceState
        require_startable(step.instance.process, step.groups, by=by)
        if step.instance.user_id != by.pk:
            raise ProcessNotAllowed
        return step

    step = steps.run(begin, first)
    automatic.follow(step)
    return fresh(step)


def beginning(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None,
    priority: int,
    data: Data,
) -> Callable[[], Step]:
    """Return what begins the step of a new instance: one statement.

    Raises DocumentInvalid and DataInvalid.
    """
    require_storable(process_name=process_name, title=title)
    inputs.require_data(data)
    handlers.document_of(document)
    if document.pk is None:
        raise DocumentInvalid
    content_type = documents.content_type_id(type(document))

    def begin() -> Step:
        process = startable(process_name, by=by)
        stamp = tenancy.resolved(user=by)
        [number] = process.instance_numbers
        instance = ProcessInstance(
            id=number,
            tenant_id=stamp["tenant_id"] or "",
            org_id=stamp["org_id"],
            title=inputs.shortened(composed(title, process, document)),
            process=process,
            process_version=process.version,
            user=by,
            creationTime=clock.now(),
            priority=priority or process.priority,
            content_type_id=content_type,
            object_id=str(document.pk),
            data=variables.checked(graph.of(process).data_schema, data or {}),
        )
        groups = frozenset(process.actor_groups)
        return Step(
            instance,
            by=by,
            now=instance.creationTime,
            groups=groups,
            spare=process.spare,
        )

    return begin


def composed(title: str | None, process: Process, document: models.Model) -> str:
    """Return the title of an instance: the given one, or process and document."""
    given = (title or "").strip()
    if given and given != "instance":
        return given
    return f"{process.title}: {document}"


def startable(name: str, *, by: Any) -> Any:
    """Return the published process of a name, with numbers for what it begins.

    Raises ProcessNotFound, and ProcessNotAllowed where it is off or for others.
    """
    rows = tenancy.filtered(Process.objects.published(), user=by)
    named = rows.filter(Q(title=name) | Q(code=name))
    process: Any = (
        named.annotate(
            actor_groups=steps.groups_of(by),
            instance_numbers=steps.reserved(steps.INSTANCE_NUMBERS, 1),
            spare=steps.reserved(steps.ITEM_NUMBERS, 1),
        )
        .order_by("id")
        .first()
    )
    if process is None:
        raise ProcessNotFound
    require_startable(process, frozenset(process.actor_groups), by=by)
    return process


def require_startable(process: Process, groups: frozenset[int], *, by: Any) -> None:
    """Raise ProcessNotAllowed where a process is off, or not for this person."""
    allowed = graph.of(process).start_group_ids
    if not process.enabled or not by.is_active:
        raise ProcessNotAllowed
    if allowed and not by.is_superuser and groups.isdisjoint(allowed):
        raise ProcessNotAllowed


def fresh(step: Step) -> WorkItem:
    """Return the first work item as it is after the automatic work that followed."""
    if not automatic.follows(step):
        return step.current
    return steps.with_all(WorkItem.objects.all()).get(pk=step.current.pk)


def activate_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Take a work item and start on it; doing it twice changes nothing.

    Raises WorkItemHeld, NotCandidate, WorkItemState and ProcessDisabled.
    """
    return act(item, by, _activate)


def _activate(step: Step) -> None:
    handing.require_takeable(step)
    item = step.current
    if item.status == Status.ACTIVE:
        return
    if item.user_id is None:
        step.event("workitem.assigned", item, mode="activate", user_id=step.by.pk)
    start_on(step, item)


def start_on(step: Step, item: WorkItem) -> None:
    """Make an inactive work item active, held by whoever acts."""
    step.event("workitem.activated", item, moved=(item.status, "active"))
    item.user = step.by
    step.change(
        item,
        status=Status.ACTIVE.value,
        activated_at=item.activated_at or step.now,
    )


def complete_work_item(
    item: WorkItem, *, by: Any, outcome: str | None = None, data: Data = None
) -> WorkItem:
    """Finish a work item with an outcome and send its token on, in one step.

    Without an outcome the token keeps the one it came with.
    Raises NotHolder, WorkItemState or another WorkItemConflict, and NoMatch, which
    lists the accepted outcomes.
    """
    inputs.require_outcome(outcome)
    inputs.require_data(data)

    def decide(step: Step) -> None:
        if step.current.user_id != step.by.pk:
            raise NotHolder
        require_running(step)
        require_move(step.current, "complete")
        finish(step, outcome=outcome, data=data)

    return act(item, by, decide, spare=moving.SPARE)


def finish(step: Step, *, outcome: str | None, data: Data, comment: str = "") -> None:
    """Complete the current work item and forward it, if it does so by itself.

    What was delegated to come back goes back instead.
    """
    item = step.current
    if handing.must_return(item):
        handing.give_back(step, outcome=outcome, data=data, comment=comment)
        return
    said: dict[str, Any] = {} if outcome is None else {"condition": outcome}
    if comment:
        said["comment"] = comment
    step.event("workitem.completed", item, moved=(item.status, "complete"), **said)
    if outcome is not None:
        item.condition = step.instance.condition = outcome
    if data:
        step.instance.data = variables.merged(step, data)
    step.change(item, status=Status.COMPLETE.value, completed_at=step.now)
    step.end_timers(item)
    if step.node.autofinish:
        moving.forward(step, item)


def forward_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Send on the token of a work item that was completed and waits for this.

    Raises NotHolder, WorkItemState, ForwardedAlready and NoMatch.
    """

    def decide(step: Step) -> None:
        may = step.current.user_id == step.by.pk
        if not may and not step.by.has_perm("workflow.can_manage_instances"):
            raise NotHolder
        require_running(step)
        if step.current.status != Status.COMPLETE:
            raise WorkItemState
        moving.forward(step, step.current)

    return act(item, by, decide, spare=moving.SPARE)


def finish_work_item(
    item: WorkItem, *, by: Any, outcome: str | None = None, comment: str = ""
) -> WorkItem:
    """Take a work item, if need be, and complete it: one press of a button.

    Taking and completing are one step, so a refusal leaves it as it was.
    The comment is kept in the audit.
    """
    inputs.require_outcome(outcome)
    inputs.require_comment(comment)

    def decide(step: Step) -> None:
        if step.current.status != Status.ACTIVE:
            _activate(step)
        elif step.current.user_id != step.by.pk:
            raise NotHolder
        require_running(step)
        require_move(step.current, "complete")
        if outcome is None and step.graph.outcomes(step.node.key):
            raise moving.no_match(step.graph, step.node.key)
        finish(step, outcome=outcome, data=None, comment=comment)

    return act(item, by, decide, spare=moving.SPARE)

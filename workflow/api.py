"""The API under /api/protected: parse, one call, answer."""

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from accounts.authentication import TenantAuth
from workflow import (
    api_processes,
    engine,
    filters,
    graph,
    handing,
    incidents,
    inputs,
    lifecycle,
    moving,
    steps,
    tenancy,
    worklist,
)
from workflow.commenting import comment_on
from workflow.errors import (
    IncidentNotFound,
    InstanceNotFound,
    PageInvalid,
    VersionMismatch,
    WorkItemNotFound,
)
from workflow.filters import narrowed
from workflow.idempotency import idempotent
from workflow.models import (
    AuditEvent,
    Comment,
    Incident,
    ProcessInstance,
    WorkItem,
)
from workflow.paging import known, page_of
from workflow.routing import Marking
from workflow.schemas import (
    CommentedOut,
    CommentIn,
    CommentOut,
    CompleteIn,
    DelegateIn,
    EventOut,
    IncidentMovedOut,
    IncidentOut,
    InstanceMovedOut,
    InstanceOut,
    InstanceRowOut,
    MovedOut,
    ReasonIn,
    ReassignIn,
    SkipIn,
    WorkItemDetailOut,
    WorkItemOut,
)

router = Router(auth=TenantAuth())
router.add_router("", api_processes.router)

#: PostgreSQL's integers have no more digits.
LONGEST_VERSION = 10


@router.get("/workitems", response=list[WorkItemOut])
def list_work_items(request: HttpRequest, response: HttpResponse) -> list[WorkItem]:
    """List the work items that you may see.

    Filters: `status` (repeatable), `process`, `activity`, `instance`, `user`,
    `priority_min`, `due_before`, `created_after`, `updated_after` and `q`, which looks
    into titles; a value that cannot be read is refused.
    """
    rows = WorkItem.objects.visible_to(request.user)
    found = narrowed(request, rows, filters.WORK_ITEMS)
    return page_of(request, response, shown(found), filters=filters.WORK_ITEMS)


@router.get("/my/workitems", response=list[WorkItemOut])
def list_my_work_items(request: HttpRequest, response: HttpResponse) -> list[WorkItem]:
    """List the open work items that you hold or may take; `held=true` narrows it.

    It has the filters of the other list, too.
    """
    held = request.GET.get("held")
    if held not in {None, "true", "false"}:
        raise PageInvalid("held is true or false.")
    rows = worklist.mine(request.user, held=True if held == "true" else None)
    found = narrowed(request, rows, filters.WORK_ITEMS)
    known_names = (*filters.WORK_ITEMS, "held")
    return page_of(request, response, shown(found), filters=known_names)


@router.get("/workitems/{item_id}", response=WorkItemDetailOut)
def show_work_item(
    request: HttpRequest, response: HttpResponse, item_id: int
) -> WorkItem:
    """Return a work item, what you may do with it and what it accepts.

    Its ETag is the version; sent back as If-Match, a write is refused with 412 where
    the work item has changed meanwhile.
    """
    item = visible_item(request, item_id)
    tell_version(response, item)
    item.actions = actions(item, request.user)  # type: ignore[attr-defined]
    return item


@router.post("/workitems/{item_id}/activate", response=MovedOut)
@idempotent
def activate(request: HttpRequest, item_id: int) -> dict[str, Any]:
    """Take a work item and start on it."""
    item = visible_item(request, item_id)
    engine.activate_work_item(item, by=request.user)
    return {"status": "activated", "workitem_id": item.pk}


@router.post("/workitems/{item_id}/complete", response=MovedOut)
@idempotent
def complete(
    request: HttpRequest,
    item_id: int,
    body: Annotated[CompleteIn | None, Body()] = None,
) -> dict[str, Any]:
    """Finish a work item, with its outcome as `condition`.

    Where answers are offered, one has to be given: what the token came with was said
    by somebody else. What was delegated to come back is `returned`.
    """
    body = body or CompleteIn()
    inputs.require_data(body.data)
    item = visible_item(request, item_id)
    require_answer(item, body.condition, request.user)
    engine.complete_work_item(
        item, outcome=body.condition, data=body.data, by=request.user
    )
    status = "completed" if item.status == "complete" else "returned"
    return {"status": status, "workitem_id": item.pk}


@router.post("/workitems/{item_id}/claim", response=MovedOut)
@idempotent
def claim(request: HttpRequest, item_id: int) -> dict[str, Any]:
    """Hold a work item without starting on it."""
    item = visible_item(request, item_id)
    handing.claim_work_item(item, by=request.user)
    return {"status": "claimed", "workitem_id": item.pk}


@router.post("/workitems/{item_id}/release", response=MovedOut)
@idempotent
def release(request: HttpRequest, item_id: int) -> dict[str, Any]:
    """Give a work item back to its roles."""
    item = visible_item(request, item_id)
    handing.release_work_item(item, by=request.user)
    return {"status": "released", "workitem_id": item.pk}


@router.post("/workitems/{item_id}/reassign", response=MovedOut)
@idempotent
def reassign(request: HttpRequest, item_id: int, body: ReassignIn) -> dict[str, Any]:
    """Give a work item to somebody who may do it, whoever holds it."""
    item = visible_item(request, item_id)
    to = handing.person(body.user_id)
    handing.reassign_work_item(item, to=to, by=request.user)
    return {"status": "reassigned", "workitem_id": item.pk}


@router.post("/workitems/{item_id}/delegate", response=MovedOut)
@idempotent
def delegate(request: HttpRequest, item_id: int, body: DelegateIn) -> dict[str, Any]:
    """Let somebody else do a work item that you hold."""
    item = visible_item(request, item_id)
    to = handing.person(body.user_id)
    handing.delegate_work_item(
        item, to=to, by=request.user, return_to_me=body.return_to_me
    )
    return {"status": "delegated", "workitem_id": item.pk}


@router.post("/workitems/{item_id}/forward", response=MovedOut)
@idempotent
def forward(request: HttpRequest, item_id: int) -> dict[str, Any]:
    """Send on the token of a work item that was completed and waits for this."""
    item = visible_item(request, item_id)
    engine.forward_work_item(item, by=request.user)
    return {"status": "forwarded", "workitem_id": item.pk}


def require_answer(item: WorkItem, outcome: str | None, user: Any) -> None:
    """Raise NoMatch where the holder of an item with answers leaves the answer out."""
    may_answer = item.status == "active" and item.user_id == user.pk
    if outcome is None and may_answer and item.outcomes():
        raise moving.no_match(graph.of(item.instance.process), item.activity.key)


@router.get("/instances", response=list[InstanceRowOut])
def list_instances(
    request: HttpRequest, response: HttpResponse
) -> list[ProcessInstance]:
    """List the instances that you may see.

    Filters: `status` (repeatable; `active` is running with work begun), `process`,
    `user`, `priority_min`, `created_after` and `q`.
    """
    rows = ProcessInstance.objects.visible_to(request.user).select_related("process")
    found = narrowed(request, rows, filters.INSTANCES)
    return page_of(request, response, found, filters=filters.INSTANCES)


@router.get("/instances/{instance_id}", response=InstanceOut)
def show_instance(
    request: HttpRequest, response: HttpResponse, instance_id: int
) -> dict[str, Any]:
    """Return an instance and where its tokens are; its ETag is the version."""
    instance = visible_instance(request, instance_id)
    tell_version(response, instance)
    version = graph.of(instance.process)
    marking = Marking.from_json(instance.marking)
    tokens = dict(marking.at)
    for key, rounds in marking.rounds.items():
        tokens[key] = tokens.get(key, 0) + len(rounds)
    items = tenancy.filtered(instance.workitems.all(), user=request.user)
    return {
        "id": instance.pk,
        "title": instance.title,
        "status": instance.status,
        "version": instance.version,
        "parent_workitem_id": instance.parent_workitem_id,
        "close_reason": instance.close_reason,
        "process_id": instance.process_id,
        "process": instance.process.title,
        "process_version": instance.process_version,
        "user_id": instance.user_id,
        "priority": instance.priority,
        "condition": instance.condition,
        "created_at": instance.creationTime,
        "closed_at": instance.closed_at,
        "tokens": [
            {"activity": version.nodes[key].title, "tokens": count}
            for key, count in tokens.items()
        ],
        "workitems": list(items.order_by("id").values_list("pk", flat=True)),
    }


@router.get("/instances/{instance_id}/history", response=list[EventOut])
def show_history(
    request: HttpRequest, response: HttpResponse, instance_id: int
) -> list[AuditEvent]:
    """Return what happened to an instance, oldest first."""
    instance = visible_instance(request, instance_id)
    events = AuditEvent.objects.of_instance(instance.pk).visible_to(request.user)
    return page_of(request, response, events, key="seq")


@router.post("/instances/{instance_id}/suspend", response=InstanceMovedOut)
@idempotent
def suspend(request: HttpRequest, instance_id: int) -> dict[str, Any]:
    """Pause an instance and all that its subflows began."""
    instance = visible_instance(request, instance_id)
    lifecycle.suspend_instance(instance, by=request.user)
    return {"status": "suspended", "instance_id": instance.pk}


@router.post("/instances/{instance_id}/resume", response=InstanceMovedOut)
@idempotent
def resume(request: HttpRequest, instance_id: int) -> dict[str, Any]:
    """Let a paused instance go on."""
    instance = visible_instance(request, instance_id)
    lifecycle.resume_instance(instance, by=request.user)
    return {"status": "resumed", "instance_id": instance.pk}


@router.post("/instances/{instance_id}/cancel", response=InstanceMovedOut)
@idempotent
def cancel(request: HttpRequest, instance_id: int, body: ReasonIn) -> dict[str, Any]:
    """End an instance for good, with a reason."""
    instance = visible_instance(request, instance_id)
    lifecycle.cancel_instance(instance, by=request.user, reason=body.reason)
    return {"status": "cancelled", "instance_id": instance.pk}


@router.get("/instances/{instance_id}/comments", response=list[CommentOut])
def list_comments(
    request: HttpRequest, response: HttpResponse, instance_id: int
) -> list[Comment]:
    """List what was remarked about an instance and its work."""
    instance = visible_instance(request, instance_id)
    return page_of(request, response, instance.comments.select_related("author"))


@router.post("/instances/{instance_id}/comments", response=CommentedOut)
@idempotent
def comment(request: HttpRequest, instance_id: int, body: CommentIn) -> dict[str, Any]:
    """Write a remark about an instance."""
    instance = visible_instance(request, instance_id)
    written = comment_on(instance, text=body.text, by=request.user)
    return {"status": "commented", "comment_id": written.pk}


@router.get("/workitems/{item_id}/comments", response=list[CommentOut])
def list_item_comments(
    request: HttpRequest, response: HttpResponse, item_id: int
) -> list[Comment]:
    """List what was remarked about a work item."""
    item = visible_item(request, item_id)
    return page_of(request, response, item.comments.select_related("author"))


@router.post("/workitems/{item_id}/comments", response=CommentedOut)
@idempotent
def comment_item(request: HttpRequest, item_id: int, body: CommentIn) -> dict[str, Any]:
    """Write a remark about a work item."""
    item = visible_item(request, item_id)
    written = comment_on(item.instance, item=item, text=body.text, by=request.user)
    return {"status": "commented", "comment_id": written.pk}


@router.get("/incidents", response=list[IncidentOut])
def list_incidents(request: HttpRequest, response: HttpResponse) -> list[Incident]:
    """List the incidents of the tenant; `open=true` leaves out what is resolved."""
    only_open = request.GET.get("open")
    if only_open not in {None, "true", "false"}:
        raise PageInvalid("open is true or false.")
    rows = Incident.objects.visible_to(request.user)
    if only_open == "true":
        rows = rows.open()
    return page_of(request, response, rows, filters=("open",))


@router.post("/incidents/{incident_id}/retry", response=IncidentMovedOut)
@idempotent
def retry(request: HttpRequest, incident_id: int, body: ReasonIn) -> dict[str, Any]:
    """Run the activity of an incident again."""
    incident = visible_incident(request, incident_id)
    item = incidents.retry_incident(incident, by=request.user, reason=body.reason)
    return {"status": "retried", "incident_id": incident.pk, "workitem_id": item.pk}


@router.post("/incidents/{incident_id}/skip", response=IncidentMovedOut)
@idempotent
def skip(request: HttpRequest, incident_id: int, body: SkipIn) -> dict[str, Any]:
    """Complete the work item of an incident as if its work had been done."""
    incident = visible_incident(request, incident_id)
    item = incidents.skip_incident(
        incident, by=request.user, reason=body.reason, condition=body.condition
    )
    return {"status": "skipped", "incident_id": incident.pk, "workitem_id": item.pk}


def visible_incident(request: HttpRequest, incident_id: int) -> Incident:
    """Return an incident that the caller may resolve. Raises IncidentNotFound."""
    rows = known(Incident.objects.visible_to(request.user), incident_id)
    incident: Incident | None = rows.select_related("workitem").first()
    if incident is None:
        raise IncidentNotFound
    return incident


def visible_item(request: HttpRequest, item_id: int) -> WorkItem:
    """Return a work item that the caller may see. Raises WorkItemNotFound."""
    rows = known(WorkItem.objects.visible_to(request.user), item_id)
    item = shown(rows).order_by().first()
    if item is None:
        raise WorkItemNotFound
    expect_version(request, item)
    return item


def visible_instance(request: HttpRequest, instance_id: int) -> ProcessInstance:
    """Return an instance that the caller may see. Raises InstanceNotFound."""
    rows = known(ProcessInstance.objects.visible_to(request.user), instance_id)
    instance: ProcessInstance | None = rows.select_related("process").first()
    if instance is None:
        raise InstanceNotFound
    expect_version(request, instance)
    return instance


def shown(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    return steps.with_all(rows).prefetch_related("timers")


def tell_version(response: HttpResponse, row: Any) -> None:
    response["ETag"] = f'"{row.version}"'


def expect_version(request: HttpRequest, row: Any) -> None:
    """Let a write go on only where the row has the version of If-Match.

    Raises VersionMismatch for what is no version.
    """
    wanted = request.headers.get("If-Match", "*").strip()
    if request.method != "POST" or wanted == "*":
        return
    number = wanted.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_VERSION):
        raise VersionMismatch
    row.expected_version = int(number)


def actions(item: WorkItem, user: Any) -> list[str]:
    """Return what the caller may do with a work item now."""
    if item.user_id == user.pk:
        return own_actions(item)
    offered = WorkItem.objects.filter(pk=item.pk).offered_to(user)
    free = ["activate", "claim"] if offered.exists() else []
    may_give = item.is_open and handing.may_reassign(user)
    return [*free, "reassign"] if may_give else free


def own_actions(item: WorkItem) -> list[str]:
    """Return what the holder may do with a work item now."""
    if item.status == "complete":
        return [] if item.forwarded_at else ["forward"]
    if not item.is_open:
        return []
    first = "complete" if item.status == "active" else "activate"
    version = graph.of(item.instance.process)
    node = version.node_of(item.activity_id)
    free = ["release"] if handing.is_pullable(version, node) else []
    return [first, *free, "delegate"]

"""The API of instances: find them, pause and end them, say something about them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.authentication import TenantAuth
from workflow import filters, graph, lifecycle, tenancy
from workflow.api.visible import tell_version, visible_instance
from workflow.commenting import comment_on
from workflow.filters import narrowed
from workflow.idempotency import idempotent
from workflow.models import AuditEvent, Comment, ProcessInstance
from workflow.paging import page_of
from workflow.routing import Marking
from workflow.schemas import (
    CommentedOut,
    CommentIn,
    CommentOut,
    EventOut,
    InstanceMovedOut,
    InstanceOut,
    InstanceRowOut,
    ReasonIn,
)

router = Router(auth=TenantAuth(read="processes:read", write="instances:write"))


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
    return page_of(
        request,
        response,
        instance.comments.visible_to(request.user).select_related("author"),
    )


@router.post("/instances/{instance_id}/comments", response=CommentedOut)
@idempotent
def comment(request: HttpRequest, instance_id: int, body: CommentIn) -> dict[str, Any]:
    """Write a remark about an instance."""
    instance = visible_instance(request, instance_id)
    written = comment_on(instance, text=body.text, by=request.user)
    return {"status": "commented", "comment_id": written.pk}

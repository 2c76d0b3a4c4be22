"""The API of work items: find them, do them, hand them on."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from accounts.authentication import TenantAuth
from workflow import (
    allowed,
    engine,
    filters,
    graph,
    handing,
    inputs,
    moving,
    worklist,
)
from workflow.api.visible import tell_version, visible_item
from workflow.commenting import comment_on
from workflow.errors import PageInvalid
from workflow.filters import narrowed
from workflow.idempotency import idempotent
from workflow.models import Comment, WorkItem
from workflow.paging import page_of
from workflow.schemas import (
    CommentedOut,
    CommentIn,
    CommentOut,
    CompleteIn,
    DelegateIn,
    MovedOut,
    ReassignIn,
    WorkItemDetailOut,
    WorkItemOut,
)
from workflow.seen import shown

router = Router(auth=TenantAuth(read="workitems:read", write="workitems:write"))


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
    item.actions = allowed.of_item(item, by=request.user)  # type: ignore[attr-defined]
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


@router.get("/workitems/{item_id}/comments", response=list[CommentOut])
def list_item_comments(
    request: HttpRequest, response: HttpResponse, item_id: int
) -> list[Comment]:
    """List what was remarked about a work item."""
    item = visible_item(request, item_id)
    return page_of(
        request,
        response,
        item.comments.visible_to(request.user).select_related("author"),
    )


@router.post("/workitems/{item_id}/comments", response=CommentedOut)
@idempotent
def comment_item(request: HttpRequest, item_id: int, body: CommentIn) -> dict[str, Any]:
    """Write a remark about a work item."""
    item = visible_item(request, item_id)
    written = comment_on(item.instance, item=item, text=body.text, by=request.user)
    return {"status": "commented", "comment_id": written.pk}

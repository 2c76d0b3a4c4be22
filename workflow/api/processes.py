"""The API of processes: look at them, start them, and publish their versions.

Designing and publishing are for people who signed in; a program that holds a token of
its own looks and starts.
"""

from typing import Any

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.authentication import TenantAuth
from kernel.text import require_storable
from workflow import (
    comparing,
    conf,
    documents,
    drafts,
    handlers,
    publishing,
    starting,
    tenancy,
)
from workflow.errors import (
    CompareInvalid,
    ContentTypeInvalid,
    ContentTypeNotAllowed,
    ObjectNotAllowed,
    ObjectNotFound,
    ProcessNotAllowed,
    ProcessNotFound,
    ProcessRightMissing,
)
from workflow.idempotency import idempotent, key_of
from workflow.models import Activity, Process
from workflow.models.process import SEE_ALL
from workflow.paging import number, page_of, require_known
from workflow.schemas import (
    ActivityOut,
    DiffOut,
    ProcessOut,
    StartedOut,
    StartProcessIn,
    VersionMovedOut,
    VersionOut,
)
from workflow.seen import known

router = Router(auth=TenantAuth(read="processes:read"))


@router.get("/processes", response=list[ProcessOut])
def list_processes(request: HttpRequest, response: HttpResponse) -> list[Process]:
    """List the processes that you may look at."""
    return page_of(request, response, Process.objects.visible_to(request.user))


@router.get("/processes/{process_id}/activities", response=list[ActivityOut])
def list_activities(
    request: HttpRequest, response: HttpResponse, process_id: int
) -> list[Activity]:
    """List the activities of a process."""
    process = visible_process(request, process_id)
    rows = tenancy.filtered(process.activities.all(), user=request.user)
    return page_of(request, response, rows)


@router.get("/processes/{process_id}/versions", response=list[VersionOut])
def list_versions(
    request: HttpRequest, response: HttpResponse, process_id: int
) -> list[Process]:
    """List all versions of a process, the first one first."""
    process = visible_process(request, process_id)
    require_browsing(request)
    rows = Process.objects.visible_to(request.user).filter(code=process.code)
    return page_of(request, response, rows, key="version")


@router.get("/processes/{process_id}/diff", response=DiffOut)
def show_difference(request: HttpRequest, process_id: int) -> dict[str, Any]:
    """Return what changes from this version to the one that `compare` names."""
    process = visible_process(request, process_id)
    require_browsing(request)
    require_known(request, ["compare"])
    compared = number(request, "compare")
    if compared is None:
        raise CompareInvalid
    return comparing.compare(process, visible_process(request, compared))


@router.post("/processes/{process_id}/publish", response=VersionMovedOut)
@idempotent
def publish(request: HttpRequest, process_id: int) -> dict[str, Any]:
    """Publish a draft, or a retired version again; the published one is retired."""
    process = visible_process(request, process_id)
    publishing.publish_process(process, by=signed_in(request))
    return moved("published", process)


@router.post("/processes/{process_id}/clone", response=VersionMovedOut)
@idempotent
def clone(request: HttpRequest, process_id: int) -> dict[str, Any]:
    """Make a new draft that is a copy of a version; the answer names the draft."""
    process = visible_process(request, process_id)
    return moved("cloned", drafts.clone_process(process, by=signed_in(request)))


@router.post("/processes/{process_id}/retire", response=VersionMovedOut)
@idempotent
def retire(request: HttpRequest, process_id: int) -> dict[str, Any]:
    """Let nothing start on a published version any more; what runs goes on."""
    process = visible_process(request, process_id)
    publishing.retire_process(process, by=signed_in(request))
    return moved("retired", process)


def moved(status: str, process: Process) -> dict[str, Any]:
    return {"status": status, "process_id": process.pk, "version": process.version}


def visible_process(request: HttpRequest, process_id: int) -> Process:
    """Return a version that the caller may look at. Raises ProcessNotFound."""
    rows = known(Process.objects.visible_to(request.user), process_id)
    process: Process | None = rows.first()
    if process is None:
        raise ProcessNotFound
    return process


def require_browsing(request: HttpRequest) -> None:
    """Raise ProcessRightMissing unless the caller may look at every version."""
    if not any(map(request.user.has_perm, SEE_ALL)):
        raise ProcessRightMissing


def signed_in(request: HttpRequest) -> Any:
    """Return the person who signed in.

    Raises ProcessRightMissing where a token of a program speaks for somebody.
    """
    if getattr(request, "auth_via", "") != "token":
        raise ProcessRightMissing
    return request.user


@router.post(
    "/processes/start", auth=TenantAuth("instances:write"), response=StartedOut
)
@idempotent
def start_process(request: HttpRequest, body: StartProcessIn) -> dict[str, Any]:
    """Start a process about an object of yours."""
    require_storable(
        process_name=body.process_name,
        content_app_label=body.content_app_label,
        content_model=body.content_model,
        title=body.title,
        object_id=str(body.object_id),
    )
    allowed = conf.value("GOFLOW_API_ALLOWED_PROCESS_TITLES")
    if allowed is not None and body.process_name not in allowed:
        raise ProcessNotAllowed
    document = owned_document(
        body.content_app_label, body.content_model, body.object_id, request.user
    )
    item = starting.start_process(
        body.process_name,
        document=document,
        by=request.user,
        title=body.title,
        priority=body.priority or 0,
        idempotency_key=key_of(request),
    )
    return {
        "status": "started",
        "workitem_id": item.pk,
        "instance_id": item.instance_id,
    }


def owned_document(
    app_label: str, model_name: str, object_id: int | str, user: Any
) -> Model:
    """Return the object that a process is to be started about.

    Raises ContentTypeInvalid, ContentTypeNotAllowed, ObjectNotFound, ObjectNotAllowed.
    """
    label = f"{app_label}.{model_name}".lower()
    try:
        apps.get_model(app_label, model_name)
    except (LookupError, ValueError):
        raise ContentTypeInvalid from None
    allowed = conf.value("GOFLOW_API_ALLOWED_CONTENT_TYPES")
    if label not in handlers.documents or (
        allowed is not None and label not in {name.lower() for name in allowed}
    ):
        raise ContentTypeNotAllowed
    registered = handlers.documents.get(label)
    document = documents.find(registered.model, object_id)
    if document is None:
        raise ObjectNotFound
    if conf.value("GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP"):
        require_owner(document, registered, user)
    return document


def require_owner(document: Model, registered: handlers.Document, user: Any) -> None:
    """Raise ObjectNotAllowed unless a field of the object says it is the person's."""
    held = (getattr(document, f"{name}_id", None) for name in registered.owner_fields)
    if user.pk not in held:
        raise ObjectNotAllowed

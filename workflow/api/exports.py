"""The API under /api/protected: how an instance stood, and histories to take away."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from accounts.authentication import TenantAuth
from kernel import clock
from workflow import graph, history, paging, xes
from workflow.api.visible import visible_instance
from workflow.errors import ExportNotAllowed, ProcessNotFound
from workflow.models import Process, ProcessInstance
from workflow.schemas import StateOut
from workflow.seen import known

router = Router(auth=TenantAuth("processes:read"))

#: What the document says of an answer that is no JSON.
AS_XES = {
    "responses": {
        200: {
            "description": "XES (IEEE 1849)",
            "content": {xes.TYPE: {"schema": {"type": "string"}}},
        }
    }
}


@router.get("/instances/{instance_id}/state", response=StateOut)
def show_state(request: HttpRequest, instance_id: int, at: str = "") -> dict[str, Any]:
    """Return how an instance stood at an instant, as its audit trail tells it.

    Without `at` it is the present. `status` is null where it was not there yet.
    A millisecond counts to its end, as the history tells instants to the millisecond.
    """
    instance = visible_instance(request, instance_id)
    paging.require_known(request, ("at",))
    when = history.instant(at) if at else clock.now()
    end = when + timedelta(microseconds=999 - when.microsecond % 1000)
    state = history.state_at(instance, end, reader=request.user)
    version = graph.of(instance.process)
    return {
        "id": instance.pk,
        "at": when,
        "status": state.status,
        "tokens": [
            {"activity": version.nodes[key].title, "tokens": count}
            for key, count in state.tokens(version).items()
        ],
        "workitems": [
            {
                "id": item.id,
                "activity_id": item.activity_id,
                "activity": version.node_of(item.activity_id).title,
                "status": item.status,
                "user_id": item.user_id,
                "since": item.since,
            }
            for item in state.items
        ],
    }


@router.get("/processes/{process_id}/xes", openapi_extra=AS_XES)
def export_xes(
    request: HttpRequest, process_id: int, since: str = "", until: str = ""
) -> StreamingHttpResponse:
    """Return the histories of a version of a process, for process mining.

    Those of the instances that you see and that started from `since` on and before
    `until`.
    """
    process = known(Process.objects.visible_to(request.user), process_id).first()
    if process is None:
        raise ProcessNotFound
    if not request.user.has_perm("workflow.can_export"):
        raise ExportNotAllowed
    paging.require_known(request, ("since", "until"))
    seen = ProcessInstance.objects.visible_to(request.user).filter(process=process)
    export = xes.Export(
        process.code,
        xes.started_within(seen, *history.period(since, until)),
        reader=request.user,
        with_names=request.user.has_perm("workflow.can_view_audit"),
    )
    answer = StreamingHttpResponse(xes.written(export), content_type=xes.TYPE)
    name = f"process-{process.pk}.xes"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

"""The API of incidents: what needs help, and how to help it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.authentication import TenantAuth
from workflow import incidents
from workflow.api.visible import expect_version
from workflow.errors import IncidentNotFound, PageInvalid
from workflow.idempotency import idempotent
from workflow.models import Incident
from workflow.paging import page_of
from workflow.schemas import IncidentMovedOut, IncidentOut, ReasonIn, SkipIn
from workflow.seen import known

router = Router(auth=TenantAuth(read="processes:read", write="instances:write"))


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
    expect_version(request, incident.workitem)
    return incident

"""The pages of incidents: what cannot go on by itself, and how to help it.

Both are for those who may resolve incidents; for others there is nothing here.
"""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kernel import keyset
from kernel.errors import Invalid, NotFound
from workflow import allowed, incidents, telling, worklist
from workflow.errors import IncidentNotFound
from workflow.models import Incident, WorkItem
from workflow.page_forms import ResolveForm
from workflow.seen import known

PAGE: Final = 25
REFUSED: Final = 422
CLOSED: Final = 409
RETRY: Final = "retry"
SKIP: Final = "skip"
#: What stands between the verb and the outcome in a choice.
WITH: Final = ":"


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """List what needs help, the newest first."""
    if not request.user.has_perm("workflow.can_resolve_incidents"):
        raise NotFound
    rows = with_all(Incident.objects.open().visible_to(request.user))
    page = keyset.newest(rows, before=keyset.before_of(request), size=PAGE)
    columns = [
        {"label": _("Request")},
        {"label": _("What is wrong")},
        {"label": _("Attempts"), "number": True},
        {"label": _("Since")},
    ]
    values = {"page": page, "columns": columns, "rows": [row(one) for one in page]}
    return render(request, "workflow/incidents.html", values)


def row(incident: Incident) -> dict[str, Any]:
    """Return a line of the list, as `partials/incident_row.html` reads it."""
    return {
        "incident": incident,
        "process": worklist.process_words(incident.instance),
        "activity": incident.workitem.activity.title,
    }


@login_required
@require_http_methods(["GET", "POST"])
def incident(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """Show what is wrong and the ways on; a POST takes one of them."""
    found = visible_incident(request.user, incident_id)
    if request.method == "GET":
        return show(request, found, ResolveForm(ways(found)))
    form = ResolveForm(ways(found), request.POST)
    if not found.is_open or not form.is_valid():
        return show(request, found, form, status=REFUSED if found.is_open else CLOSED)
    try:
        item = resolve(found, by=request.user, **form.cleaned_data)
    except Invalid as refusal:
        form.add_error(None, telling.words(refusal))
        return show(request, found, form, status=refusal.status)
    except telling.REFUSALS as refusal:
        form.add_error(None, telling.words(refusal))
        found = visible_incident(request.user, incident_id)
        return show(request, found, form, status=refusal.status)
    tell(request, found, item)
    return redirect("workflow:incidents")


def resolve(incident: Incident, *, by: Any, way: str, reason: str) -> WorkItem:
    """Take one of the ways on; return the work item as it is then."""
    verb, _with, outcome = way.partition(WITH)
    if verb == RETRY:
        return incidents.retry_incident(incident, by=by, reason=reason)
    return incidents.skip_incident(
        incident, by=by, reason=reason, condition=outcome if _with else None
    )


def ways(incident: Incident) -> list[tuple[str, str]]:
    """Return the ways on, as choices: again, or past it with each of the answers."""
    item = incident.workitem
    if item.status != WorkItem.Status.FALLOUT:
        return [(RETRY, _("Close it: the work goes on as it is"))]
    again = (RETRY, _("Try it again"))
    outcomes = item.outcomes()
    if not outcomes:
        return [again, (SKIP, _("Skip it: go on as if it had been done"))]
    words = _("Skip it: go on with “%(answer)s”")
    return [
        again,
        *(
            (f"{SKIP}{WITH}{one.value}", words % {"answer": one.label})
            for one in outcomes
        ),
    ]


def tell(request: HttpRequest, incident: Incident, item: WorkItem) -> None:
    """Say on the next page what became of it."""
    title = {"title": incident.instance.title}
    if item.status == WorkItem.Status.FALLOUT:
        messages.warning(request, _("It failed again: %(title)s") % title)
    elif incident.resolution == Incident.Resolution.SKIPPED:
        messages.success(request, _("Skipped: %(title)s") % title)
    else:
        messages.success(request, _("It goes on: %(title)s") % title)


def show(
    request: HttpRequest, found: Incident, form: ResolveForm, *, status: int = 200
) -> HttpResponse:
    """Show an incident; once it is resolved, how."""
    values = {
        "incident": found,
        "instance": found.instance,
        "item": found.workitem,
        "process": worklist.process_words(found.instance),
        "form": form,
        "may_cancel": "cancel" in allowed.of_instance(found.instance, by=request.user),
    }
    return render(request, "workflow/incident.html", values, status=status)


def visible_incident(user: Any, incident_id: int) -> Incident:
    """Return an incident that the person may resolve. Raises IncidentNotFound."""
    rows = known(Incident.objects.visible_to(user), incident_id)
    found: Incident | None = with_all(rows).first()
    if found is None:
        raise IncidentNotFound
    return found


def with_all(rows: Any) -> Any:
    """Return incidents with what the pages show and the engine reads of them."""
    return rows.select_related(
        "instance__process",
        "instance__user",
        "workitem__activity",
        "workitem__instance__process",
        "resolved_by",
    )

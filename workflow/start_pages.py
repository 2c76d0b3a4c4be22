"""The pages that begin a process: which one, and the form of its document."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import models
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kernel.errors import Invalid
from kernel.numbers import LARGEST_ID
from kernel.text import require_storable
from workflow import application_pages, new_documents, starts, tenancy
from workflow.document_forms import TitleForm, bound, form_of, is_complete
from workflow.errors import ObjectNotFound, ProcessNotFound
from workflow.item_page import address_of
from workflow.list_pages import paged
from workflow.models import DefaultAppModel, Process, WorkItem

REFUSED = 422


@login_required
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """List what the person may start, and to whoever designs what can be tried."""
    rows = starts.startable_by(request.user).select_related("begin__application")
    page = paged(request, rows.order_by(Lower("title"), "id"))
    listed = [
        {
            "url": starts.address_of(process),
            "title": capfirst(process.title),
            "meta": [process.description] if process.description else [],
        }
        for process in page
    ]
    values = {
        "page": page,
        "rows": listed,
        "trials": application_pages.table(request.user),
    }
    return render(request, "workflow/start.html", values)


@login_required
@require_http_methods(["GET", "POST"])
def start_default(request: HttpRequest, process_id: int) -> HttpResponseBase:
    """Try a process about a default document: no code, no model."""
    rows = tenancy.filtered(Process.objects.published(), user=request.user)
    process = rows.filter(pk=min(process_id, LARGEST_ID)).first()
    if process is None:
        raise ProcessNotFound
    return begin(request, process.code, DefaultAppModel)


@login_required
@require_http_methods(["GET", "POST"])
def start_document(
    request: HttpRequest, app_label: str, model: str
) -> HttpResponseBase:
    """Make a document of a registered kind and start a process about it.

    `?process=` names the process; without it, it is called as the app.
    """
    found = new_documents.require_model(f"{app_label}.{model}")
    name = request.GET.get("process") or app_label
    require_storable(process=name)
    return begin(request, name, found)


def begin(
    request: HttpRequest, name: str, model: type[models.Model]
) -> HttpResponseBase:
    """Show the form of a new document; a POST starts the process about it.

    Raises what `check_can_start` raises, before anything is shown.
    """
    process = Process.objects.check_can_start(name, request.user)
    document = model()
    new_documents.prepare(document, by=request.user)
    made = form_class(process, model)
    if request.method == "GET":
        return show(request, process, bound(made, document), TitleForm())
    form, title = bound(made, document, request.POST), TitleForm(request.POST)
    if title.is_valid() and is_complete(form):
        try:
            item = new_documents.start_about(
                form.save(commit=False),
                process=process.code,
                by=request.user,
                title=title.cleaned_data["title"],
            )
        except Invalid as refusal:
            form.add_error(None, refusal.detail)
        else:
            return started(request, item)
    return show(request, process, form, title, status=REFUSED)


def form_class(process: Process, model: type[models.Model]) -> Any:
    """Return the form of a new document. Raises ObjectNotFound where there is none."""
    first = process.begin
    name = first.form_class if first else ""
    made = form_of(model, name=name) if name else None
    made = made or form_of(model)
    if made is None:
        raise ObjectNotFound("Objects of this kind are made elsewhere.")
    return made


def show(
    request: HttpRequest, process: Process, form: Any, title: Any, *, status: int = 200
) -> HttpResponse:
    values = {"process": process, "form": form, "title_form": title}
    return render(request, "workflow/start_form.html", values, status=status)


def started(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Lead to the first piece of work, if it is the person's own; else to the whole."""
    messages.success(request, _("Started: %(title)s") % {"title": item.instance.title})
    if item.is_open and item.user_id == request.user.pk:
        return redirect(address_of(item))
    return redirect("workflow:instance", item.instance_id)

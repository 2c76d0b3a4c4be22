"""The pages of the leave app: parse, one call, answer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import Invalid
from leave import requests, standing
from leave.errors import LeaveNotFound, LeaveNotYours
from leave.forms import LeaveForm, form_of
from leave.models import LeaveRequest
from leave.signed_in import SignedInRequest
from leave.timeline import timeline

PAGE_SIZE = 25
REFUSED = 422


@login_required
@require_GET
def mine(request: SignedInRequest) -> HttpResponse:
    """List what the person asked for."""
    rows = LeaveRequest.objects.of(request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "leave/list.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Ask for leave; then the request's page says what happens next."""
    if request.method == "GET":
        return show_form(request, LeaveForm())
    form = LeaveForm(request.POST)
    if form.is_valid():
        try:
            made = requests.ask_for_leave(**form.values(), by=request.user)
        except Invalid as error:
            form.refuse(error)
        else:
            return sent(request, made)
    return show_form(request, form, status=REFUSED)


def show_form(
    request: SignedInRequest, form: LeaveForm, *, status: int = 200
) -> HttpResponse:
    """Show the form, and beside it with names what will happen."""
    values = {"form": form, "steps": standing.outlook(request.user)}
    return render(request, "leave/new.html", values, status=status)


@login_required
@require_GET
def show(request: SignedInRequest, leave_id: int) -> HttpResponse:
    """Show a request: the days, where it stands, what has happened."""
    row = visible(request, leave_id)
    return render(request, "leave/request.html", about(request, row))


@login_required
@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, leave_id: int) -> HttpResponse:
    """Change a refused request and send it again."""
    row = visible(request, leave_id)
    if not requests.may_change(request.user, row):
        raise LeaveNotYours
    if request.method == "GET":
        values = {"form": form_of(row), "leave": row}
        return render(request, "leave/correct.html", values)
    form = LeaveForm(request.POST)
    if form.is_valid():
        try:
            requests.correct(row, **form.values(), by=request.user)
            requests.send(row, by=request.user)
        except Invalid as error:
            form.refuse(error)
        else:
            return sent(request, row)
    values = {"form": form, "leave": row}
    return render(request, "leave/correct.html", values, status=REFUSED)


@login_required
@require_POST
def withdraw(request: SignedInRequest, leave_id: int) -> HttpResponse:
    """Take back a refused request for good."""
    row = visible(request, leave_id)
    requests.withdraw(row, by=request.user)
    messages.success(request, _("Your request is withdrawn."))
    return redirect("leave:request", leave_id=row.pk)


def sent(request: SignedInRequest, row: LeaveRequest) -> HttpResponse:
    """Say with whom the request is now, and lead to its page."""
    person = standing.waits_for(row)
    text = _("Sent. It waits for %s now.") % person if person else _("Sent.")
    messages.success(request, text)
    return redirect("leave:request", leave_id=row.pk)


def visible(request: SignedInRequest, leave_id: int) -> LeaveRequest:
    """Return a request that the person may see. Raises LeaveNotFound."""
    rows = LeaveRequest.objects.visible_to(request.user).select_related("requester")
    row = rows.filter(pk=leave_id).first()
    if row is None:
        raise LeaveNotFound
    return row


def about(request: SignedInRequest, row: LeaveRequest) -> dict[str, object]:
    """Return what the page of one request shows."""
    entries = timeline(row)
    return {
        "leave": row,
        "document": row,
        "is_mine": row.requester_id == request.user.pk,
        "may_change": requests.may_change(request.user, row),
        "my_item": standing.item_for(request.user, row),
        "steps": standing.steps(row),
        "is_over": standing.is_over(row),
        "timeline": entries,
        "last_words": entries[-1].text,
    }

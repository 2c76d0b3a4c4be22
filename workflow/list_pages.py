"""The pages that list: my work, the work of others, what I asked for."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kernel.errors import NotFound
from workflow import starts, story, tenancy, worklist
from workflow.models import ProcessInstance, WorkItem

PAGE = 50
HELD = {"held": True, "offered": False}


@login_required
@require_GET
def my_work(request: HttpRequest) -> HttpResponse:
    """Show what waits for the person: held by them, or offered to them."""
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in HELD else ""
    found = worklist.counts(request.user)
    totals = {"": found.total, "held": found.held, "offered": found.offered}
    mine = worklist.Pages(request.user, totals[chosen], held=HELD.get(chosen))
    page = paged(request, mine)
    values = {
        "page": page,
        "rows": [
            worklist.row(item, worklist.my_state(item), reader=request.user)
            for item in page
        ],
        "figures": worklist.figures(found),
        "options": filters(found, chosen),
        "chosen": chosen,
        "starts": starts.offered_to(request.user),
    }
    return render(request, "workflow/my_work.html", values)


def filters(found: worklist.Counts, chosen: str) -> list[dict[str, Any]]:
    """Return the options of `partials/segmented.html`; the choice is in the address."""
    every = (
        ("", _("All"), found.total),
        ("held", _("Mine"), found.held),
        ("offered", _("Open to take"), found.offered),
    )
    return [
        {
            "label": label,
            "url": f"?show={name}" if name else "?",
            "active": name == chosen,
            "count": number,
        }
        for name, label, number in every
    ]


@login_required
@require_GET
def others_work(request: HttpRequest) -> HttpResponse:
    """Show the unfinished work of the tenant, to those who may see it."""
    if not request.user.has_perm("workflow.can_view_others_work"):
        raise NotFound
    page = paged(request, worklist.others(request.user))
    rows = [
        worklist.row(
            item, worklist.holder(item, reader=request.user), reader=request.user
        )
        for item in page
    ]
    return render(request, "workflow/others_work.html", {"page": page, "rows": rows})


@login_required
@require_GET
def my_requests(request: HttpRequest) -> HttpResponse:
    """Show what the person started, and where each one stands."""
    mine = (
        ProcessInstance.objects.requested_by(request.user)
        .select_related("process")
        .prefetch_related(where_it_stands(request.user))
        .order_by("-id")
    )
    page = paged(request, mine)
    documents = story.documents_of(page)
    rows = [
        worklist.request_row(
            one, story.standing(one, documents.get(one.pk), reader=request.user)
        )
        for one in page
    ]
    values = {"page": page, "rows": rows, "starts": starts.offered_to(request.user)}
    return render(request, "workflow/my_requests.html", values)


def where_it_stands(user: Any) -> "Prefetch[Any]":
    """Return what `story.standing` reads of instances, as far as the person sees it."""
    items = tenancy.filtered(WorkItem.objects.all(), user=user)
    return Prefetch(
        "workitems", items.prefetch_related("activity", "user", "pull_roles")
    )


def paged(request: HttpRequest, rows: Any) -> Any:
    """Return the page that the address asks for, or the nearest one."""
    return Paginator(rows, PAGE).get_page(request.GET.get("page"))

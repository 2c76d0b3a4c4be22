"""The page of an instance: where it stands, what was said, and who may stop it.

A GET changes nothing: it shows, asks, or leads to the page of the instance.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kernel import keyset, numbers
from kernel.errors import Conflict, Invalid
from workflow import (
    allowed,
    ending,
    lifecycle,
    past,
    story,
    telling,
    worklist,
)
from workflow.commenting import comment_on
from workflow.list_pages import where_it_stands
from workflow.models import Incident, ProcessInstance, WorkItem
from workflow.page_forms import CommentForm, ReasonForm
from workflow.seen import visible_instance
from workflow.views import card

#: So many remarks are shown; older ones are a page further.
COMMENTS: Final = 20
REFUSED: Final = 422
#: As many digits as any number of a row may have.
LARGEST_SEEN: Final = 10 ** (len(str(numbers.LARGEST_ID)) - 1) - 1


@login_required
@require_GET
def instance(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Show where an instance stands and what happened to it.

    With `at` in the address it also shows how it stood at that time.
    """
    return show(request, visible_instance(request.user, instance_id))


def show(
    request: HttpRequest,
    found: ProcessInstance,
    form: CommentForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Show an instance; `form` is a remark that was not accepted."""
    prefetch_related_objects([found], where_it_stands(request.user))
    document = found.content_object
    past_form = past.asked_for(request)
    comments = comments_of(request, found)
    actions = allowed.of_instance(found, by=request.user)
    values = {
        **card(document),
        "instance": found,
        "past_form": past_form,
        "past": past.as_it_was(found, past_form, reader=request.user),
        "process": worklist.process_words(found),
        "state": story.standing(found, document, reader=request.user),
        "places": story.places(found, reader=request.user),
        "timeline": story.timeline(found, reader=request.user),
        "open_items": WorkItem.objects.filter(instance=found).takeable_by(request.user),
        "actions": actions,
        "incidents": incidents_of(found, reader=request.user),
        "comments": comments,
        "comment_form": form or CommentForm(initial={"seen": last_of(comments)}),
    }
    status = REFUSED if past_form.errors else status
    return render(request, "workflow/instance.html", values, status=status)


def comments_of(request: HttpRequest, found: ProcessInstance) -> keyset.Newest:
    """Return the newest remarks, or those before the one that the address names."""
    rows = found.comments.visible_to(request.user)
    rows = rows.select_related("author", "workitem__activity")
    before = keyset.before_of(request, "comments")
    return keyset.newest(rows, before=before, size=COMMENTS)


def last_of(comments: keyset.Newest) -> int:
    """Return the number of the newest remark that is shown; 0 where none is."""
    return comments.rows[0].pk if comments.rows else 0


def incidents_of(found: ProcessInstance, *, reader: Any) -> list[Incident]:
    """Return what is wrong with an instance, to whoever may help."""
    if not reader.has_perm("workflow.can_resolve_incidents"):
        return []
    rows = Incident.objects.open().visible_to(reader).filter(instance=found)
    return list(rows.select_related("workitem__activity").order_by("pk")[:COMMENTS])


@login_required
@require_http_methods(["GET", "POST"])
def comment(request: HttpRequest, instance_id: int) -> HttpResponseBase:
    """Write a remark about an instance."""
    found = visible_instance(request.user, instance_id)
    if request.method == "GET":
        return redirect("workflow:instance", found.pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            comment_on(
                found,
                text=form.cleaned_data["text"],
                by=request.user,
                seen=telling.number(seen, largest=LARGEST_SEEN) if seen else None,
            )
        except Invalid as refusal:
            form.add_error("text", refusal.detail)
        except telling.REFUSALS as refusal:
            form.add_error("text", telling.words(refusal))
            return show(request, found, form, status=refusal.status)
        else:
            messages.success(request, _("Your comment is there."))
            return redirect("workflow:instance", found.pk)
    return show(request, found, form, status=REFUSED)


@login_required
@require_http_methods(["GET", "POST"])
def suspend(request: HttpRequest, instance_id: int) -> HttpResponseBase:
    """Pause an instance and all that its subflows began."""
    done = _("It is paused. Nobody can work on it, and no time runs.")
    return moved(request, instance_id, lifecycle.suspend_instance, done, "suspended")


@login_required
@require_http_methods(["GET", "POST"])
def resume(request: HttpRequest, instance_id: int) -> HttpResponseBase:
    """Let a paused instance go on."""
    return moved(
        request, instance_id, lifecycle.resume_instance, _("It goes on."), "running"
    )


def moved(
    request: HttpRequest,
    instance_id: int,
    verb: Callable[..., ProcessInstance],
    done: str,
    status: str,
) -> HttpResponseBase:
    """Do what needs no reason, and lead back to the instance.

    `status` is what it then has; whoever asks twice is told that it was done already.
    """
    found = visible_instance(request.user, instance_id)
    if request.method == "POST":
        is_done = found.status == status
        try:
            verb(found, by=request.user)
        except telling.REFUSALS as refusal:
            if is_done and isinstance(refusal, Conflict):
                telling.done_already(request)
            else:
                telling.refused(request, refusal)
        else:
            messages.success(request, done)
    return redirect("workflow:instance", found.pk)


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, instance_id: int) -> HttpResponseBase:
    """Say what the end of an instance would mean; a POST with a reason ends it."""
    found = visible_instance(request.user, instance_id)
    if "cancel" not in allowed.of_instance(found, by=request.user):
        return not_now(request, found)
    if request.method == "GET":
        return confirm(request, found, ReasonForm())
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return confirm(request, found, form, status=REFUSED)
    try:
        lifecycle.cancel_instance(
            found, by=request.user, reason=form.cleaned_data["reason"]
        )
    except Invalid as refusal:
        form.add_error("reason", refusal.detail)
        return confirm(request, found, form, status=refusal.status)
    except telling.REFUSALS as refusal:
        return not_cancelled(request, found, form, refusal)
    messages.success(request, _("Cancelled: %(title)s") % {"title": found.title})
    return redirect("workflow:instance", found.pk)


def not_now(request: HttpRequest, found: ProcessInstance) -> HttpResponseBase:
    """Lead to the instance, whose page shows how it stands."""
    if request.method == "POST":
        is_done = found.status == ProcessInstance.Status.TERMINATED
        (telling.done_already if is_done else telling.not_now)(request)
    return redirect("workflow:instance", found.pk)


def not_cancelled(
    request: HttpRequest, found: ProcessInstance, form: ReasonForm, refusal: Any
) -> HttpResponseBase:
    """Keep the reason of somebody who may try again, as when others were faster."""
    fresh = visible_instance(request.user, found.pk)
    if "cancel" not in allowed.of_instance(fresh, by=request.user):
        telling.refused(request, refusal)
        return redirect("workflow:instance", found.pk)
    form.add_error(None, telling.words(refusal))
    return confirm(request, fresh, form, status=refusal.status)


def confirm(
    request: HttpRequest, found: ProcessInstance, form: ReasonForm, *, status: int = 200
) -> HttpResponse:
    """Show what would end, in numbers, and ask for the reason."""
    values = {
        "instance": found,
        "process": worklist.process_words(found),
        "ends": ending.what_ends(found, reader=request.user),
        "form": form,
    }
    return render(request, "workflow/cancel.html", values, status=status)

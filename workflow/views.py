"""The page of a work item: what is asked, the object, the answers, what happened."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kernel.errors import Invalid
from workflow import (
    allowed,
    answers,
    document_forms,
    engine,
    handlers,
    inputs,
    story,
    telling,
    worklist,
)
from workflow.document_forms import is_complete
from workflow.finishing import finish_with_document
from workflow.item_page import (
    DEFAULT_APPLICATION,
    DEFAULT_PAGE,
    ItemPage,
    address_of,
    application_of,
)
from workflow.models import Incident, WorkItem
from workflow.seen import visible_item

#: The verbs of whoever does the work.
WORK = frozenset({"activate", "complete"})


@login_required
@require_http_methods(["GET", "POST"])
def work_item(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Show a work item; a POST answers it.

    Where its activity has a page of its own, whoever may do the work is led there.
    """
    item = visible_item(request.user, item_id)
    if request.method == "POST":
        return answer(request, item)
    if application_of(item) != DEFAULT_APPLICATION and may_act(item, request.user):
        return redirect(address_of(item))
    return show_item(request, item)


def answer(
    request: HttpRequest,
    item: WorkItem,
    page: ItemPage = DEFAULT_PAGE,
    form: Any = None,
) -> HttpResponseBase:
    """Take or finish a work item; a conflict is told on the page it is about.

    `form` is about the document, which is saved in the same step.
    """
    action = request.POST.get("action", "complete")
    comment = request.POST.get("comment", "").strip()
    try:
        if action == "take":
            engine.activate_work_item(item, by=request.user)
            return redirect(address_of(item))
        outcome = request.POST.get(page.submit_name)
        if item.is_open and not comment:
            missing = reason_wanted(item, outcome, by=request.user)
            if missing:
                return show_item(request, item, page, form, missing=missing)
        if form is not None and not is_complete(form):
            return show_item(request, item, page, form, comment=comment, refused=True)
        finish_with_document(
            item,
            outcome=outcome,
            comment=comment,
            save=partial(document_forms.save, form) if form is not None else None,
            by=request.user,
        )
    except telling.REFUSALS as refusal:
        telling.refused(request, refusal)
        return after(request, item)
    except Invalid as refusal:
        item = visible_item(request.user, item.pk)
        return show_item(
            request, item, page, form, problem=refusal.detail, comment=comment
        )
    messages.success(request, _("Done: %(title)s") % {"title": item.instance.title})
    return redirect(page.redirect or "workflow:my-work")


def reason_wanted(item: WorkItem, outcome: str | None, *, by: Any) -> str:
    """Return which reason an answer lacks; empty where it needs none."""
    if not answers.needs_reason(item, outcome, by=by):
        return ""
    return _("Say why in a few words; %(who)s reads it.") % {
        "who": item.instance.user.display_name
    }


def show_item(
    request: HttpRequest,
    item: WorkItem,
    page: ItemPage = DEFAULT_PAGE,
    form: Any = None,
    *,
    problem: str = "",
    missing: str = "",
    comment: str = "",
    refused: bool = False,
) -> HttpResponse:
    """Show a work item: what is asked, the object, the answers, what happened.

    `problem` says why an answer was not accepted, `missing` which reason is wanted,
    `refused` that the form says it.
    """
    instance = item.instance
    document = instance.content_object
    actions = allowed.of_item(item, by=request.user)
    due, tone = worklist.due_words(item.due_at if item.is_open else None)
    values = {
        **card(document),
        "item": item,
        "instance": instance,
        "state": worklist.holder(item, reader=request.user),
        "process": worklist.process_words(instance),
        "ask": asked(item),
        "answers": page.buttons(item),
        "page": page,
        "form": form,
        "can_refuse": answers.can_refuse(item, by=request.user),
        "may_answer": not WORK.isdisjoint(actions),
        "may_take": "claim" in actions,
        "hands": [verb for verb in allowed.HANDS if verb in actions],
        "incident": incident_of(item, reader=request.user),
        "instance_url": reverse("workflow:instance", args=[instance.pk]),
        "timeline": story.timeline(instance, reader=request.user),
        "due": due,
        "due_tone": tone,
        "due_at": item.due_at,
        "problem": problem,
        "missing": missing,
        "comment": comment,
        "longest_comment": inputs.LONGEST_COMMENT,
    }
    status = 422 if problem or missing or refused else 200
    return render(request, page.template, values, status=status)


def after(request: HttpRequest, item: WorkItem) -> HttpResponseBase:
    """Lead to a work item, or to the list where the person sees it no more."""
    if WorkItem.objects.visible_to(request.user).filter(pk=item.pk).exists():
        return redirect("workflow:work-item", item.pk)
    return redirect("workflow:my-work")


def may_act(item: WorkItem, user: Any) -> bool:
    """Say whether a person may do the work now: begin with it, or complete it."""
    return not WORK.isdisjoint(allowed.of_item(item, by=user))


def incident_of(item: WorkItem, *, reader: Any) -> Incident | None:
    """Return what is wrong with a work item, to whoever may help."""
    if item.status != WorkItem.Status.FALLOUT:
        return None
    return Incident.objects.open().visible_to(reader).filter(workitem=item).first()


def asked(item: WorkItem) -> str:
    """Return in one sentence what the person is asked to do."""
    if item.activity.description:
        return str(item.activity.description)
    return _("%(who)s asks: %(what)s.") % {
        "who": item.instance.user.display_name,
        "what": item.activity.title,
    }


def card(document: Any) -> dict[str, Any]:
    """Return the template of the document's card, what it reads, and its address.

    The card sees the document as `document` and under the label of its app.
    """
    if document is None:
        return {"document": None, "card": "", "document_url": ""}
    registered = handlers.document_of(document)
    return {
        document._meta.app_label: document,  # noqa: SLF001 - Django's public name
        "document": document,
        "card": registered.card or "",
        "document_url": registered.url(document) if registered.url else "",
    }

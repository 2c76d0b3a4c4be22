"""The pages on which work changes hands: a button each, or a form that asks to whom.

A GET changes nothing: it asks, or leads to the page of the work item.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kernel.errors import ApplicationError, Invalid
from workflow import allowed, choosing, engine, handing, telling, worklist
from workflow.choosing import People
from workflow.item_page import node_of
from workflow.models import WorkItem
from workflow.page_forms import DelegateForm, PersonForm
from workflow.seen import visible_item
from workflow.views import after

Verb = Callable[..., WorkItem]
REFUSED: Final = 422


@login_required
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Hold a work item without starting on it."""
    return moved(request, item_id, handing.claim_work_item, _("It is kept for you."))


@login_required
@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Give a work item back to its roles."""
    return moved(
        request,
        item_id,
        handing.release_work_item,
        _("It is open to take again."),
        is_done=lambda item: item.is_open and item.user_id is None,
    )


@login_required
@require_http_methods(["GET", "POST"])
def forward(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Send on the token of a work item that was completed and waits for this."""
    item = visible_item(request.user, item_id)
    if "forward" not in allowed.of_item(item, by=request.user):
        return not_now(request, item, is_done=item.forwarded_at is not None)
    return moved(
        request,
        item_id,
        engine.forward_work_item,
        _("It was sent on."),
        is_done=lambda fresh: fresh.forwarded_at is not None,
    )


def moved(
    request: HttpRequest,
    item_id: int,
    verb: Verb,
    done: str,
    *,
    is_done: Callable[[WorkItem], bool] = lambda _item: False,
) -> HttpResponseBase:
    """Do what needs no more words, and lead back to the work item.

    `is_done` tells of a refused one whether it had come about already.
    """
    item = visible_item(request.user, item_id)
    if request.method == "GET":
        return redirect("workflow:work-item", item.pk)
    try:
        verb(item, by=request.user)
    except (*telling.REFUSALS, Invalid) as refusal:
        fresh = seen_again(request.user, item)
        if fresh is not None and is_done(fresh):
            telling.done_already(request)
        else:
            telling.refused(request, refusal)
    else:
        messages.success(request, done)
    return after(request, item)


def seen_again(user: Any, item: WorkItem) -> WorkItem | None:
    """Return a work item as it is now; None where the person sees it no more."""
    rows = WorkItem.objects.visible_to(user).filter(pk=item.pk)
    return rows.select_related("instance__process", "activity", "user").first()


# To whom


@dataclass(frozen=True, slots=True)
class Hand:
    """A verb that gives work to a person, and how its page asks for them."""

    name: str
    verb: Verb
    form: type[PersonForm]
    people: Callable[[WorkItem], People]
    heading: Any
    text: Any
    label: Any
    nobody: Any


REASSIGN: Final = Hand(
    "reassign",
    handing.reassign_work_item,
    PersonForm,
    lambda item: choosing.candidates(item, node_of(item)),
    gettext_lazy("Give it to somebody"),
    gettext_lazy("They find it in their work, and a mail tells them about it."),
    gettext_lazy("Give it to them"),
    gettext_lazy("Nobody else may do this work."),
)
DELEGATE: Final = Hand(
    "delegate",
    handing.delegate_work_item,
    DelegateForm,
    choosing.delegates,
    gettext_lazy("Ask somebody to do it"),
    gettext_lazy("They do it for you, and a mail tells them about it."),
    gettext_lazy("Ask them"),
    gettext_lazy("There is nobody else here yet."),
)


@login_required
@require_http_methods(["GET", "POST"])
def reassign(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Give a work item to somebody who may do it, whoever holds it."""
    return handed(request, visible_item(request.user, item_id), REASSIGN)


@login_required
@require_http_methods(["GET", "POST"])
def delegate(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Let somebody else do a work item that the person holds."""
    return handed(request, visible_item(request.user, item_id), DELEGATE)


def handed(request: HttpRequest, item: WorkItem, hand: Hand) -> HttpResponseBase:
    """Ask to whom, or give the work item to them and lead back to it."""
    if hand.name not in allowed.of_item(item, by=request.user):
        is_done = is_with(item, request.POST.get("person", ""))
        return not_now(request, item, is_done=is_done)
    people = hand.people(item)
    if request.method == "GET":
        return ask(request, item, hand, hand.form(people))
    form = hand.form(people, request.POST)
    if not form.is_valid():
        return ask(request, item, hand, form, status=REFUSED)
    values = dict(form.cleaned_data)
    to = values.pop("person")
    telling.expect_version(request, item)
    try:
        hand.verb(item, to=to, by=request.user, **values)
    except Invalid as refusal:
        form.add_error("person", refusal.detail)
        return ask(request, item, hand, form, status=refusal.status)
    except telling.REFUSALS as refusal:
        return ask_again(request, item, hand, form, refusal)
    words = {"who": to.display_name, "title": item.instance.title}
    messages.success(request, _("%(who)s has this now: %(title)s") % words)
    return after(request, item)


def not_now(request: HttpRequest, item: WorkItem, *, is_done: bool) -> HttpResponseBase:
    """Lead to the work item, whose page shows what is possible now."""
    if request.method == "POST":
        (telling.done_already if is_done else telling.not_now)(request)
    return redirect("workflow:work-item", item.pk)


def is_with(item: WorkItem, person: str) -> bool:
    """Say whether a work item is with the person whom a form names."""
    return item.user is not None and person in {str(item.user_id), item.user.username}


def ask_again(
    request: HttpRequest,
    item: WorkItem,
    hand: Hand,
    form: PersonForm,
    refusal: ApplicationError,
) -> HttpResponseBase:
    """Ask again about a work item that has changed meanwhile, where that helps."""
    fresh = seen_again(request.user, item)
    if fresh is not None and fresh.user_id == form.cleaned_data["person"].pk:
        telling.done_already(request)
    elif fresh is not None and hand.name in allowed.of_item(fresh, by=request.user):
        problem = telling.words(refusal)
        status = refusal.status
        return ask(request, fresh, hand, form, problem=problem, status=status)
    else:
        telling.refused(request, refusal)
    return after(request, item)


def ask(
    request: HttpRequest,
    item: WorkItem,
    hand: Hand,
    form: PersonForm,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponseBase:
    """Show the form that asks to whom a work item goes."""
    values = {
        "hand": hand,
        "item": item,
        "instance": item.instance,
        "process": worklist.process_words(item.instance),
        "state": worklist.holder(item, reader=request.user),
        "form": form,
        "problem": problem,
    }
    return render(request, "workflow/hand_on.html", values, status=status)

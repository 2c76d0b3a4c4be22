"""The generic applications of the seed: pages for work that needs no code.

    default_app         the object, a comment, a button for each outcome
    choice_application  the object and the buttons
    view_application    the same, to read and go on
    edit_model          a form of the object, saved with the answer
    start_application   the same at the beginning; the page `start/` makes the object
    sendmail            automatic: a mail to who asked, or to a group

An activity names one, or any other that an app registered with `@application`.
"""

from dataclasses import replace
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import mail
from tenants.hosts import absolute_url
from workflow import handlers, views
from workflow.document_forms import bound, form_of
from workflow.errors import DataInvalid, WorkItemNotFound
from workflow.handlers import application, auto_application
from workflow.item_page import (
    DEFAULT_APPLICATION,
    ItemPage,
    application_of,
    node_of,
    page_of,
)
from workflow.models import WorkItem
from workflow.seen import visible_item

MESSAGE: Final = "workflow/message"
REQUESTER: Final = "requester"


@login_required
@require_http_methods(["GET", "POST"])
def serve(request: HttpRequest, name: str, item_id: int) -> HttpResponseBase:
    """Show the page of a work item's own application, and of no other one."""
    item = visible_item(request.user, item_id)
    if name != application_of(item):
        raise WorkItemNotFound
    page: HttpResponseBase = handlers.applications.get(name)(request, item_id)
    return page


@application(DEFAULT_APPLICATION)
def default_app(request: HttpRequest, id: int) -> HttpResponseBase:  # noqa: A002 - the seed's name
    """Show the object, its history, a comment box, and a button for each outcome."""
    item, page = opened(request, id)
    return worked_at(request, item, page)


@application("choice_application")
def choice_application(request: HttpRequest, id: int) -> HttpResponseBase:  # noqa: A002 - as above
    """Show the object and a button for each outcome."""
    item, page = opened(request, id)
    return worked_at(request, item, replace(page, has_comment=False))


@application("view_application")
def view_application(request: HttpRequest, id: int) -> HttpResponseBase:  # noqa: A002 - as above
    """Show the object; `ok_values` are the ways on."""
    item, page = opened(request, id)
    return worked_at(request, item, replace(page, has_comment=False))


@application("edit_model")
def edit_model(request: HttpRequest, id: int) -> HttpResponseBase:  # noqa: A002 - as above
    """Let the object be changed, with the answer, in the activity's form or its own."""
    item, page = opened(request, id)
    document = item.wfobject()
    if document is None or not views.may_act(item, request.user):
        return worked_at(request, item, page)
    made = form_of(type(document), name=node_of(item).form)
    if made is None:
        return worked_at(request, item, page)
    typed = request.POST if is_answer(request) else None
    return worked_at(request, item, page, bound(made, document, typed))


@application("start_application")
def start_application(request: HttpRequest, id: int) -> HttpResponseBase:  # noqa: A002 - as above
    """Let the object that the process began with be changed before it is sent on.

    Its parameter `model` names the kind of object that `start/` makes.
    """
    return edit_model(request, id)


def opened(request: HttpRequest, item_id: int) -> tuple[WorkItem, ItemPage]:
    """Return the work item and how its page looks. Raises WorkItemNotFound."""
    item = visible_item(request.user, item_id)
    return item, page_of(node_of(item).app_param)


def is_answer(request: HttpRequest) -> bool:
    """Say whether a form was sent with its buttons, and not just taken."""
    return request.method == "POST" and request.POST.get("action") != "take"


def worked_at(
    request: HttpRequest, item: WorkItem, page: ItemPage, form: Any = None
) -> HttpResponseBase:
    """Show the page, or take the answer that was sent to it."""
    if request.method == "POST":
        return views.answer(request, item, page, form)
    return views.show_item(request, item, page, form)


@auto_application("sendmail")
def sendmail(
    workitem: WorkItem, *, subject: str, text: str = "", to: str = REQUESTER
) -> None:
    """Put a mail into the outbox for who asked, or for the members of a group.

    Nothing in subject and text is a template. A second run sends nothing.
    """
    if not all(isinstance(word, str) for word in (subject, text, to)):
        raise DataInvalid("The parameters of sendmail are texts.")
    for person in recipients(workitem, to):
        mail.put(
            MESSAGE,
            to=person.email,
            language=person.language or None,
            context={
                "person": person.display_name,
                "subject": " ".join(subject.split()),
                "text": text,
                "title": workitem.instance.title,
                "url": absolute_url(
                    reverse("workflow:instance", args=[workitem.instance_id])
                ),
            },
            idempotency_key=f"{MESSAGE}:{workitem.idempotency_key}:{person.pk}",
        )


def recipients(workitem: WorkItem, to: str) -> list[Any]:
    """Return the active people who are meant, as far as they have an address."""
    if to == REQUESTER:
        found = [workitem.instance.user]
    else:
        people = get_user_model()._default_manager.filter(is_active=True)  # noqa: SLF001 - Django's public name
        found = list(people.filter(groups__name=to).order_by("pk"))
    return [person for person in found if person.is_active and person.email]

"""Tell people about their work, by mail.

A step only sets a timer for it; the mail is composed here, later, so that no template
or address can ever stop a step.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts import mail
from kernel import clock
from tenants.hosts import absolute_url
from workflow import steps
from workflow.models import Incident, WorkItem

TEMPLATE = "workflow/work_waiting"
ALARM = "workflow/incident"
#: Of one process, people are told of trouble once in so long.
QUIET = timedelta(hours=1)
#: The mail lists so many; the page lists all.
MOST_LISTED = 20


def send_about(item: WorkItem) -> bool:
    """Tell the holder of a work item about it, if it still waits for them.

    Once for each time that they get it: it may come back to them.
    """
    if not item.is_open or item.user is None:
        return False
    key = f"{TEMPLATE}:{item.pk}:{item.version}:{item.user_id}"
    return send(item.user, [item], key=key)


def send_alarm(item: WorkItem) -> bool:
    """Tell whoever may resolve it that a work item needs help.

    Once an hour for each process; the list of incidents holds all.
    """
    incident = Incident.objects.open().filter(workitem=item).first()
    if incident is None:
        return False
    hour = int(clock.now().timestamp() // QUIET.total_seconds())
    told = [
        mail.put(
            ALARM,
            to=person.email,
            context={
                "person": person.display_name,
                "incident": in_words(incident, person.language),
                "message": incident.message,
                **described(item),
            },
            language=person.language or None,
            idempotency_key=f"{ALARM}:{item.instance.process_id}:{hour}:{person.pk}",
        )
        for person in resolvers()
    ]
    return bool(told)


def in_words(incident: Incident, language: str) -> str:
    """Return what happened in the language that a mail to somebody is in."""
    with mail.spoken_to(language):
        return str(incident.get_kind_display())


def resolvers() -> "QuerySet[Any]":
    """Return the people who may resolve incidents and have an address."""
    may = Q(groups__permissions__codename="can_resolve_incidents")
    runs = Q(role__in=("owner", "admin")) | Q(is_superuser=True)
    people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
    found: QuerySet[Any] = people.filter(may | runs, is_active=True, kind="person")
    return found.exclude(email="").order_by("pk").distinct()


def notify(user_id: int, workitem_ids: list[int] | None = None) -> bool:
    """Tell a person what waits for them; False where nothing does."""
    user = get_user_model()._default_manager.filter(pk=user_id).first()  # noqa: SLF001 - Django's public name
    if user is None:
        return False
    held = steps.with_all(WorkItem.objects.held_by(user))
    if workitem_ids is not None:
        held = held.filter(pk__in=workitem_ids)
    return send(user, list(held[:MOST_LISTED]))


def send(user: Any, items: Iterable[WorkItem], *, key: str | None = None) -> bool:
    """Write the mail into the outbox of the caller's transaction."""
    listed = [described(item) for item in items]
    if not listed or not user.email or not user.is_active:
        return False
    mail.put(
        TEMPLATE,
        to=user.email,
        context={"person": user.display_name, "items": listed, "count": len(listed)},
        language=user.language or None,
        idempotency_key=key,
    )
    return True


def described(item: WorkItem) -> dict[str, str]:
    """Return what the mail says about a work item."""
    return {
        "title": item.instance.title,
        "process": item.instance.process.title,
        "activity": item.activity.title,
        "requester": item.instance.user.display_name,
        "url": absolute_url(reverse("workflow:work-item", args=[item.pk])),
    }

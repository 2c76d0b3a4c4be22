"""Tell people about their work, by mail.

A step only sets a timer for it; the mail is composed here, later, so that no template
or address can ever stop a step.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from accounts import mail
from tenants.hosts import absolute_url
from workflow import steps
from workflow.models import WorkItem

TEMPLATE = "workflow/work_waiting"
#: The mail lists so many; the page lists all.
MOST_LISTED = 20


def send_about(item: WorkItem) -> bool:
    """Tell the holder of a work item about it, if it still waits for them."""
    if not item.is_open or item.user is None:
        return False
    return send(item.user, [item], key=f"{TEMPLATE}:{item.pk}:{item.user_id}")


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

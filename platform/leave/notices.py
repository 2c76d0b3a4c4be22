"""The mails of the leave app, written in the transaction that they belong to."""

from django.urls import reverse

from accounts import mail
from leave.models import LeaveRequest
from tenants.hosts import absolute_url
from workflow.models import WorkItem


def tell_requester(template: str, request: LeaveRequest, workitem: WorkItem) -> None:
    """Put a mail to the requester into the outbox, once for each work item."""
    person = request.requester
    with mail.spoken_to(person.language):
        words = {
            "leave": str(request),
            "kind": str(request.get_kind_display()),
            "span": request.span,
        }
    mail.put(
        template,
        to=person.email,
        language=person.language or None,
        context={
            **words,
            "first_name": person.get_short_name(),
            "days": request.days,
            "decided_by": str(workitem.user or ""),
            "url": absolute_url(reverse("leave:request", args=[request.pk])),
        },
        idempotency_key=f"{template}:{workitem.idempotency_key}",
    )

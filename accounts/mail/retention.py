"""Empty the bodies of old mails; those with a secret were emptied at their end.

A due source as well: it works once a day, wherever mails have come of age.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, QuerySet

from accounts.mail import attachments
from accounts.models import MailMessage
from kernel import clock

KEPT = timedelta(days=30)
DAY = timedelta(days=1)


@transaction.atomic
def redact_old(limit: int) -> int:
    """Empty up to `limit` bodies that are older than 30 days; return how many."""
    now = clock.now()
    old = MailMessage.objects.keeping_bodies().filter(created_at__lt=now - KEPT)
    ids = list(old.order_by("id").values_list("pk", flat=True)[:limit])
    attachments.drop(ids)
    # What a template is made of is its body too.
    return MailMessage.objects.filter(pk__in=ids).update(
        html="", text="", context={}, redacted_at=now
    )


def run_due(limit: int) -> int:
    """Do so as a due source."""
    return redact_old(limit)


def due_instants() -> list["QuerySet[Any]"]:
    """Return the query of a day after the oldest body has come of age.

    So a tenant that writes mails all the time is woken for this once a day, and no two
    tenants at the same hour for no reason.
    """
    oldest = MailMessage.objects.keeping_bodies().order_by("id")
    due = ExpressionWrapper(F("created_at") + (KEPT + DAY), DateTimeField())
    return [oldest.annotate(due=due).values_list("due")[:1]]

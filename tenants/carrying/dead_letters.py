"""Refused tasks: kept for operators to see, and sent again when a tenant resumes.

A letter that waits for its tenant stays; any other one is forgotten after a month.
All functions need the control context or enter it.
"""

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from celery import current_app
from celery.canvas import Signature
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber
from kombu.utils import json

from kernel import clock
from tenants import events
from tenants.carrying import broker
from tenants.context import use_control
from tenants.models import DeadLetter, OperatorEvent, Tenant
from tenants.scheduling import wake_ups

logger = logging.getLogger(__name__)

Reason = DeadLetter.Reason

KEEP: Final = timedelta(days=30)
#: The book of operators says it once in so long for a task, tenant and reason.
SAY_AGAIN_AFTER: Final = timedelta(hours=1)
#: Letters that wait for one tenant, and letters that wait for none.
MOST: Final = 10_000
#: Letters that are sent again in one run of a tenant.
AT_ONCE: Final = 1_000


def keep(
    message: "Signature[Any]", *, tenant: UUID | None, reason: Reason, detail: str
) -> None:
    """Keep a refused message, once, with an event for the operators."""
    letter = DeadLetter(
        task_id=str(message.options["task_id"])[:255],
        task=str(message.task)[:255],
        tenant=tenant,
        reason=reason,
        detail=detail[:255],
        message=json.dumps(message),
    )
    with use_control(), transaction.atomic():
        if is_news(letter):
            note(letter)
        DeadLetter.objects.bulk_create(
            [letter],
            update_conflicts=True,
            unique_fields=["task_id"],
            update_fields=["tenant", "reason", "detail", "message", "refused_at"],
        )
        if tenant and reason == Reason.STOPPED:
            # Where it was resumed this moment, its next run finds the letter.
            wake_ups.lower(tenant, clock.now())


def is_news(letter: DeadLetter) -> bool:
    return not DeadLetter.objects.filter(
        task=letter.task,
        tenant=letter.tenant,
        reason=letter.reason,
        refused_at__gt=clock.now() - SAY_AGAIN_AFTER,
    ).exists()


def note(letter: DeadLetter) -> None:
    events.record(
        "task.refused",
        by="system",
        tenant=letter.tenant,
        result=letter.detail,
        task=letter.task,
        task_id=letter.task_id,
    )


def note_dropped(task: str, tenant: UUID, detail: str) -> None:
    """Say in the book that a task was dropped, since its tenant is no more."""
    with use_control(), transaction.atomic():
        said = OperatorEvent.objects.filter(
            action="task.dropped",
            tenant=tenant,
            args__task=task,
            at__gt=clock.now() - SAY_AGAIN_AFTER,
        )
        if not said.exists():
            events.record(
                "task.dropped", by="system", tenant=tenant, result=detail, task=task
            )


def waiting(tenant: UUID) -> QuerySet[DeadLetter]:
    """Return the letters that wait for this tenant."""
    return DeadLetter.objects.filter(tenant=tenant, reason=Reason.STOPPED)


def send_again(tenant: UUID) -> bool:
    """Send what waits for a tenant that is served; tell whether nothing is left.

    Each letter goes after it was sent, so whoever dies in between sends it twice.
    """
    if not waiting(tenant).exists():
        return True
    sent = 0
    while sent < AT_ONCE and send_oldest(tenant):
        sent += 1
    if sent:
        events.record("tasks.sent_again", by="system", tenant=tenant, count=sent)
    return not waiting(tenant).exists()


@transaction.atomic
def send_oldest(tenant: UUID) -> bool:
    """Send the letter that waits longest; tell whether there was one, and it went."""
    letters = waiting(tenant).select_for_update(skip_locked=True)
    letter = letters.order_by("refused_at").first()
    if letter is None:
        return False
    message = current_app.signature(json.loads(letter.message))
    if not broker.send(message):
        return False
    letter.delete()
    return True


def forget() -> None:
    """Delete letters that nobody waits for, and those that are too many."""
    waited_for = Q(reason=Reason.STOPPED, tenant__in=Tenant.objects.values("uuid"))
    old = Q(refused_at__lt=clock.now() - KEEP)
    DeadLetter.objects.filter(old).exclude(waited_for).delete()
    DeadLetter.objects.filter(pk__in=beyond_the_most().values("pk")).delete()


def beyond_the_most() -> QuerySet[DeadLetter]:
    """Return the oldest letters of whom has too many: a stopped tenant, or none."""
    whose = Case(When(reason=Reason.STOPPED, then="tenant"))
    place = Window(RowNumber(), partition_by=whose, order_by=F("refused_at").desc())
    return DeadLetter.objects.annotate(place=place).filter(place__gt=MOST)

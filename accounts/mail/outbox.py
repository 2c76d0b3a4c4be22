"""Send what is due: claim and commit, send, commit what became of it.

A claim is a lease: if the worker dies, the row is due again when the lease is over, so
delivery is at least once and no message is lost.
Nothing is held locked while a server is talked to.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Min
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from accounts import addresses, branding, conf
from accounts.crypto import CannotDecrypt
from accounts.mail import providers, transports
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.mail.rendering import Rendered, render
from accounts.mail.transports import NotDelivered
from accounts.models import MailAttachment, MailMessage
from accounts.models.mail_message import PENDING, MailMessageQuerySet
from kernel import clock

logger = logging.getLogger(__name__)
State = MailMessage.State

LEASE = timedelta(minutes=5)
#: A batch is small enough to be sent within its lease, time-outs included.
BATCH = 10
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)


def run_due(limit: int) -> int:
    """Send up to `limit` due messages of the schema; return how many it took."""
    handled = 0
    while handled < limit:
        claimed = claim(min(BATCH, limit - handled))
        for message in claimed:
            deliver(message)
        handled += len(claimed)
        if not claimed:
            break
    return handled


def next_due() -> datetime | None:
    """Return when the next message wants to be sent, or its lease is over."""
    due: datetime | None = MailMessage.objects.filter(state__in=PENDING).aggregate(
        at=Min("due_at")
    )["at"]
    return due


def claim(limit: int) -> list[MailMessage]:
    """Take due messages under a lease, passing over those another worker holds."""
    return _claim(MailMessage.objects.due(at=clock.now()), limit)


def claim_one(pk: int) -> list[MailMessage]:
    """Take one message under a lease; nothing where another worker was faster."""
    return _claim(MailMessage.objects.due(at=clock.now()).filter(pk=pk), 1)


@transaction.atomic
def _claim(due: MailMessageQuerySet, limit: int) -> list[MailMessage]:
    now = clock.now()
    taken = list(due.select_for_update(skip_locked=True)[:limit])
    ids = [message.pk for message in taken]
    if ids:
        MailMessage.objects.filter(pk__in=ids).update(
            state=State.SENDING, due_at=now + LEASE, attempts=F("attempts") + 1
        )
    for message in taken:
        message.state = State.SENDING
        message.attempts += 1
    return taken


def deliver(message: MailMessage) -> None:
    """Send one claimed message and record what became of it."""
    if message.expires_at is not None and message.expires_at < clock.now():
        _finish(message, State.EXPIRED)
        return
    if message.attempts > len(PAUSES) + 1:
        _finish(message, State.FAILED, last_error="every worker died with it")
        return
    try:
        provider = _provider(message)
        if provider is Provider.DISABLED or not message.to:
            _finish(message, State.SUPPRESSED, provider=provider.value)
            return
        rendered = render(message)
        sent_id = transports.send(message, rendered, provider)
    except NotDelivered as error:
        _defer_or_fail(message, error)
    except (DeliveryRefused, CannotDecrypt) as error:
        _finish(message, State.FAILED, last_error=str(error) or "cannot be decrypted")
    except (TemplateDoesNotExist, TemplateSyntaxError) as error:
        _finish(message, State.FAILED, last_error=f"template: {type(error).__name__}")
    except Exception as error:  # noqa: BLE001 - one bad mail must not hold up the others
        reason = f"unexpected: {type(error).__name__}"
        _defer_or_fail(message, NotDelivered(reason))
    else:
        _sent(message, rendered, provider, sent_id)


def _provider(message: MailMessage) -> Provider:
    return providers.resolve(
        conf.current(),
        tenant_enabled=branding.current().mail_enabled,
        enabled=message.metadata.get("enabled"),
    )


def _sent(
    message: MailMessage, rendered: Rendered, provider: Provider, sent_id: str
) -> None:
    _finish(
        message,
        State.SENT,
        provider=provider.value,
        provider_message_id=sent_id,
        sent_at=clock.now(),
        subject=rendered.subject,
        last_error="",
    )


def _defer_or_fail(message: MailMessage, error: NotDelivered) -> None:
    if error.is_final or message.attempts > len(PAUSES):
        _finish(message, State.FAILED, last_error=str(error))
        return
    pause = PAUSES[message.attempts - 1]
    _move(message, State.DEFERRED, due_at=clock.now() + pause, last_error=str(error))


@transaction.atomic
def _finish(message: MailMessage, state: State, **changes: Any) -> None:
    """Record an end state; secrets and files go in the same transaction."""
    if message.is_secret:
        changes |= {"secret_context": None, "html": "", "text": ""}
        changes |= {"redacted_at": clock.now()}
    if _move(message, state, **changes):
        MailAttachment.objects.filter(message=message).delete()


def _move(message: MailMessage, state: State, **changes: Any) -> bool:
    # Only the holder of the lease may write: another worker has a higher count.
    moved = MailMessage.objects.filter(
        pk=message.pk, state=State.SENDING, attempts=message.attempts
    ).update(state=state, **changes)
    logger.info(
        "mail.%s",
        state.value,
        extra={
            "mail": message.pk,
            "category": message.category,
            "to": [addresses.mask(address) for address in message.to],
            "attempts": message.attempts,
        },
    )
    return moved == 1

"""Send what is due: claim and commit, send, commit what became of it.

A claim is a lease: if the worker dies, the row is due again when the lease is over, so
delivery is at least once and no message is lost.
Nothing is held locked while a server is talked to.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from accounts import branding, conf
from accounts.crypto import CannotDecrypt
from accounts.mail import attachments, changes, providers, transports
from accounts.mail.outcomes import Outcome
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.mail.rendering import Rendered, render
from accounts.models import MailMessage
from accounts.models.mail_message import LEASE, PENDING, MailMessageQuerySet
from kernel import clock
from tenants import context

State = MailMessage.State

BATCH = 10
LONGEST_REASON = 200
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
    if context.is_shadow():
        return handled  # the live tenant has sent them
    while handled < limit:
        claimed = claim(min(BATCH, limit - handled))
        for message in claimed:
            if hold(message):
                deliver(message)
        handled += len(claimed)
        if not claimed:
            break
    return handled


def due_instants() -> list["QuerySet[Any]"]:
    """Return the query of when the next message is to be sent, or its lease is over."""
    pending = MailMessage.objects.filter(state__in=PENDING).order_by("due_at")
    return [pending.values_list("due_at")[:1]]


@transaction.atomic
def claim(limit: int) -> list[MailMessage]:
    """Take due messages under a lease, passing over those another worker holds."""
    now = clock.now()
    due = MailMessage.objects.due(at=now)
    taken = list(due.select_for_update(skip_locked=True)[:limit])
    ids = [message.pk for message in taken]
    if ids:
        MailMessage.objects.filter(pk__in=ids).update(
            state=State.SENDING, due_at=now + LEASE, attempts=F("attempts") + 1
        )
    for message in taken:
        message.state = State.SENDING
        message.attempts += 1
        message.due_at = now + LEASE
    return taken


def hold(message: MailMessage) -> bool:
    """Renew a lease that has run down; tell whether the message is still ours.

    The mails before it in a batch may have met a server that answers slowly.
    """
    now = clock.now()
    if message.due_at - now > LEASE / 2:
        return True
    message.due_at = now + LEASE
    return _row_of(message).update(due_at=message.due_at) == 1


def deliver(message: MailMessage) -> Outcome | None:
    """Send one claimed message and record what became of it.

    Returns what the server said, or None where none was asked.
    """
    if message.expires_at is not None and message.expires_at < clock.now():
        _finish(message, State.EXPIRED)
    elif message.attempts > len(PAUSES) + 1:
        _finish(message, State.FAILED, last_error="every worker died with it")
    else:
        return _try(message)
    return None


def _try(message: MailMessage) -> Outcome | None:
    try:
        provider = provider_of(message)
        if provider is Provider.DISABLED or not message.to:
            _finish(message, State.SUPPRESSED, provider=provider.value)
            return None
        rendered = render(message)
        outcome = transports.send(message, rendered, provider)
    except DeliveryRefused as error:
        _finish(message, State.FAILED, last_error=f"refused: {error}")
    except CannotDecrypt:
        _finish(message, State.FAILED, last_error="cannot be decrypted")
    except (TemplateDoesNotExist, TemplateSyntaxError) as error:
        _finish(message, State.FAILED, last_error=f"template: {type(error).__name__}")
    except Exception as error:  # noqa: BLE001 - one bad mail must not hold up the others
        _defer_or_fail(
            message, Outcome(0, reason=f"unexpected: {type(error).__name__}")
        )
    else:
        _record(message, rendered, provider, outcome)
        return outcome
    return None


def provider_of(message: MailMessage) -> Provider:
    """Return which way the message leaves now. Raises DeliveryRefused."""
    # What `send_email` was told; the context of a template is the template's.
    enabled = None if message.template else message.context.get("enabled")
    return providers.resolve(
        conf.current(),
        tenant_enabled=branding.current().mail_enabled,
        enabled=enabled,
    )


def _record(
    message: MailMessage, rendered: Rendered, provider: Provider, outcome: Outcome
) -> None:
    message.provider = provider.value
    if not outcome.is_sent:
        _defer_or_fail(message, outcome)
        return
    _finish(
        message,
        State.SENT,
        provider=provider.value,
        provider_message_id=outcome.provider_id or transports.message_id(message),
        sent_at=clock.now(),
        subject=rendered.subject,
        last_error="",
    )


def _defer_or_fail(message: MailMessage, outcome: Outcome) -> None:
    told = {"provider": message.provider, "last_error": outcome.reason[:LONGEST_REASON]}
    if outcome.is_final or message.attempts > len(PAUSES):
        _finish(message, State.FAILED, **told)
        return
    due_at = clock.now() + PAUSES[message.attempts - 1]
    _move(message, State.DEFERRED, due_at=due_at, **told)


@transaction.atomic
def _finish(message: MailMessage, state: State, **changed: Any) -> None:
    """Record an end state; secrets and files go in the same transaction.

    The files of a plain mail that failed stay for another try, as its body does.
    """
    if message.is_secret:
        changed |= {"secret_context": None, "html": "", "text": ""}
        changed |= {"redacted_at": clock.now()}
    is_kept = state == State.FAILED and not message.is_secret
    if _move(message, state, **changed) and not is_kept:
        attachments.drop([message.pk])


def _move(message: MailMessage, state: State, **changed: Any) -> bool:
    moved = _row_of(message).update(state=state, **changed) == 1
    if moved:
        for name, value in {"state": state, **changed}.items():
            setattr(message, name, value)
        changes.announce(message)
    return moved


def _row_of(message: MailMessage) -> MailMessageQuerySet:
    """Return the row if its lease is ours: another worker has a higher count."""
    return MailMessage.objects.filter(
        pk=message.pk, state=State.SENDING, attempts=message.attempts
    )

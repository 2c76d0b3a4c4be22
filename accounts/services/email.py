"""Send any mail, under the seed's name; the tenant is never an argument."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from accounts import branding, conf
from accounts.mail import composing, outbox, providers, transports
from accounts.mail.attachments import Attachment, AttachmentRefused, checked
from accounts.mail.plain_text import from_html
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.models import MailAttachment, MailMessage
from accounts.recipients import Recipients, envelope
from accounts.services.results import DeliveryResult
from kernel.text import has_controls, storable

logger = logging.getLogger(__name__)
State = MailMessage.State
QUEUED = 202
#: What fits into the columns.
LONGEST = {"category": 50, "related": 200, "idempotency_key": 200}


class UsageError(Exception):
    """The function was called in a way that cannot work."""


def send_email(  # noqa: PLR0917 - the seed's signature
    to: Recipients,
    subject: str,
    html: str,
    attachments: Iterable[Attachment] | None = None,
    cc: Recipients = None,
    bcc: Recipients = None,
    reply_to: Recipients = None,
    enabled: object = None,
    *,
    text: str | None = None,
    from_name: str | None = None,
    category: str = "",
    related: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    secret: bool = False,
    wait: bool = False,
    idempotency_key: str | None = None,
) -> DeliveryResult | None:
    """Write one message in the caller's transaction; it leaves after the commit.

    Returns None where mail is disabled or refused, where no recipient is valid or
    something passed cannot be sent; never raises for a delivery problem.
    `wait=True` sends in the call and returns the server's own status, 250 of SMTP or
    one of HTTP, also where it did not take the message; outside a transaction only.
    Raises UsageError for that, and for words of the caller that do not fit.
    """
    _check_usage(wait=wait, category=category, related=related, key=idempotency_key)
    message = MailMessage(
        subject=str(subject),
        from_name=from_name or "",
        category=category or "message",
        related=related or "",
        metadata=composing.plain(metadata or {}),
        context={"enabled": enabled if isinstance(enabled, bool | str) else None},
        is_secret=secret,
        idempotency_key=idempotency_key,
        # What is sent at once is claimed at once, so that no worker is faster.
        state=State.SENDING if wait else State.QUEUED,
        attempts=int(wait),
    )
    _write_body(message, str(html), text or from_html(str(html)))
    provider = _provider(message, enabled)
    message = composing.enqueue(
        message,
        envelope(to=to, cc=cc, bcc=bcc, reply_to=reply_to),
        files=_checked(attachments, message),
    )
    if message.state == State.FAILED:
        return None
    if wait:
        return _deliver_now(message)
    if provider is Provider.DISABLED:
        return None
    return _result(QUEUED, "queued", provider.value, message)


def _check_usage(
    *, wait: bool, category: str, related: str | None, key: str | None
) -> None:
    if wait and connection.in_atomic_block:
        raise UsageError("wait=True sends at once, so it cannot be in a transaction.")
    given = {"category": category, "related": related, "idempotency_key": key}
    for name, most in LONGEST.items():
        text = given[name] or ""
        if len(text) > most or has_controls(text):
            raise UsageError(f"{name} must be one line of at most {most} characters.")


def _provider(message: MailMessage, enabled: object) -> Provider:
    """Return which way the message leaves; where it is refused, note why."""
    try:
        return providers.resolve(
            conf.current(),
            tenant_enabled=branding.current().mail_enabled,
            enabled=enabled,
        )
    except DeliveryRefused as error:
        message.last_error = f"refused: {error}"
        told = {"category": message.category, "reason": str(error)}
        logger.error("mail.refused", extra=told)  # noqa: TRY400 - a line, no traceback
        return Provider.DISABLED


def _checked(
    files: Iterable[Attachment] | None, message: MailMessage
) -> list[MailAttachment]:
    try:
        return checked(files)
    except AttachmentRefused as error:
        message.last_error = message.last_error or str(error)
        return []


def _write_body(message: MailMessage, html: str, text: str) -> None:
    if not storable(html + text):
        message.last_error = "a character that cannot be stored"
    elif message.is_secret:
        message.secret_context = composing.seal({"html": html, "text": text})
    else:
        message.html, message.text = html, text


def _deliver_now(message: MailMessage) -> DeliveryResult | None:
    """Send a message that is claimed already, or tell of the earlier one of its key."""
    if message.state != State.SENDING:
        is_dead = message.state in {State.SUPPRESSED, State.EXPIRED}
        return None if is_dead else _result(QUEUED, "queued", message.provider, message)
    outcome = outbox.deliver(message)
    if outcome is None:
        return None
    text = outcome.text if outcome.is_sent else outcome.reason
    return _result(outcome.status, text, message.provider, message)


def _result(
    status: int, text: str, backend: str, message: MailMessage
) -> DeliveryResult:
    return DeliveryResult(status, text, backend, transports.message_id(message))

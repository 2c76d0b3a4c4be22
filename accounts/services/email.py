"""Send any mail, under the seed's name; the tenant is never an argument."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction

from accounts import branding, conf
from accounts.mail import composing, outbox, providers, transports
from accounts.mail.attachments import Attachment, AttachmentRefused, checked, keep
from accounts.mail.attachments import of as attachments_of
from accounts.mail.composing import Recipients, envelope
from accounts.mail.plain_text import from_html
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.models import MailAttachment, MailMessage
from accounts.services.results import DeliveryResult

QUEUED, TAKEN = 202, 250


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

    Returns None where mail is disabled or refused, where no recipient is valid or a
    file cannot be sent; never raises for a delivery problem.
    `wait=True` sends in the call, outside a transaction only (UsageError).
    """
    if wait and connection.in_atomic_block:
        raise UsageError("wait=True sends at once, so it cannot be in a transaction.")
    provider = _provider(enabled)
    message = MailMessage(
        subject=subject,
        from_name=from_name or "",
        category=category or "message",
        related=related or "",
        metadata={**(metadata or {}), "enabled": _word(enabled)},
        is_secret=secret,
        idempotency_key=idempotency_key,
    )
    _write_body(message, html, text or from_html(html))
    files = _checked(attachments, message)
    if provider is None:
        message.state = MailMessage.State.FAILED
        message.last_error = "refused by the settings or by the argument enabled"
    with transaction.atomic():
        message = composing.enqueue(
            message, envelope(to=to, cc=cc, bcc=bcc, reply_to=reply_to)
        )
        if files and _may_keep(message):
            keep(message, files)
    if provider is None or message.state == MailMessage.State.FAILED:
        return None
    if wait:
        return _deliver_now(message)
    if provider is Provider.DISABLED:
        return None
    return _result(QUEUED, "queued", provider, message)


def _provider(enabled: object) -> Provider | None:
    try:
        return providers.resolve(
            conf.current(),
            tenant_enabled=branding.current().mail_enabled,
            enabled=enabled,
        )
    except DeliveryRefused:
        return None


def _checked(
    files: Iterable[Attachment] | None, message: MailMessage
) -> list[MailAttachment]:
    try:
        return checked(files)
    except AttachmentRefused as error:
        message.state = MailMessage.State.FAILED
        message.last_error = str(error)
        return []


def _may_keep(message: MailMessage) -> bool:
    """Tell whether the files are new: an earlier message of the key has its own."""
    is_queued = message.state == MailMessage.State.QUEUED
    return is_queued and not attachments_of(message)


def _word(enabled: object) -> bool | str | None:
    return enabled if isinstance(enabled, bool | str) else None


def _write_body(message: MailMessage, html: str, text: str) -> None:
    if message.is_secret:
        message.secret_context = composing.seal({"html": html, "text": text})
    else:
        message.html, message.text = html, text


def _deliver_now(message: MailMessage) -> DeliveryResult | None:
    for claimed in outbox.claim_one(message.pk):
        outbox.deliver(claimed)
    message.refresh_from_db()
    if message.state != MailMessage.State.SENT:
        return None
    return _result(TAKEN, "sent", Provider(message.provider), message)


def _result(
    status: int, text: str, provider: Provider, message: MailMessage
) -> DeliveryResult:
    return DeliveryResult(status, text, provider.value, transports.message_id(message))

"""Write messages into the outbox, in the caller's transaction."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from accounts import crypto
from accounts.mail import changes
from accounts.mail.attachments import keep
from accounts.models import MailAttachment, MailMessage
from accounts.models.mail_message import DECOY, LEASE, PENDING
from accounts.recipients import Envelope, Recipients, envelope
from kernel import clock
from kernel.text import has_controls, storable
from tenants import scheduler

#: What the encrypted part of a row is derived for.
PURPOSE = "mail"
#: The longest name of a sender.
LONGEST_NAME = 100

logger = logging.getLogger(__name__)


def put(
    template: str,
    *,
    to: Recipients,
    context: Mapping[str, Any] | None = None,
    secret_context: Mapping[str, Any] | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    related: str = "",
) -> MailMessage:
    """Write one message of a template and wake the worker after the commit.

    `template` is "app/name", for `<app>/mail/<name>.html`, `.txt` and `.subject.txt`.
    `secret_context` is encrypted in the row and wiped when the mail has left or died.
    `related` names what the mail is about, as "challenge:..." or "invoice:7".
    A message that was not sent at `expires_at` is not sent at all.
    With a key that was used before, the earlier message is returned, for as long as
    its row is kept: ACCOUNTS["MAIL_LOG_DAYS"] after its end. Later it is a new mail.
    Without a valid recipient the row is kept as failed.
    """
    return enqueue(
        MailMessage(
            template=template,
            category=template.rpartition("/")[2],
            language=language or "",
            context=plain(context or {}),
            secret_context=seal(secret_context) if secret_context else None,
            is_secret=bool(secret_context),
            expires_at=expires_at,
            idempotency_key=idempotency_key,
            related=related,
        ),
        envelope(to=to),
    )


def put_nothing() -> MailMessage:
    """Write a row that no mail comes of: the same work where nobody gets one."""
    message = MailMessage(
        category=DECOY, is_secret=True, secret_context=seal({"code": "-"})
    )
    return _insert(message)


def enqueue(
    message: MailMessage, to_whom: Envelope, *, files: Sequence[MailAttachment] = ()
) -> MailMessage:
    """Write a composed message with its files, and wake the worker after the commit.

    What cannot be sent is kept as failed; `last_error` may say so from the beginning.
    Of a key that was used before the earlier message is returned, as it is.
    """
    message.to, message.cc, message.bcc = to_whom.to, to_whom.cc, to_whom.bcc
    message.reply_to, message.dropped = to_whom.reply_to, to_whom.dropped
    if to_whom.dropped:
        told = {"category": message.category, "to": to_whom.dropped}
        logger.warning("mail.dropped", extra=told)
    problem = message.last_error or _problem(message, to_whom)
    if problem:
        return _insert(_failed(message, problem))
    return _insert(message, files)


def _failed(message: MailMessage, problem: str) -> MailMessage:
    """Return the message as it is kept: what cannot be sent may not be storable."""
    message.state = MailMessage.State.FAILED
    message.last_error = problem
    message.redacted_at = clock.now()
    message.secret_context = None
    message.subject = message.from_name = message.html = message.text = ""
    message.context, message.metadata = {}, {}
    return message


def seal(values: Mapping[str, Any]) -> bytes:
    """Return values encrypted for the rows of this tenant."""
    return crypto.encrypt(plain(values), purpose=PURPOSE)


def _problem(message: MailMessage, to_whom: Envelope) -> str:
    """Return why the message cannot be sent; it holds nothing of what was passed."""
    if to_whom.has_controls:
        return "control character in an address"
    if has_controls(message.subject + message.from_name):
        return "control character in subject or name"
    if len(message.from_name) > LONGEST_NAME:
        return f"a sender's name of more than {LONGEST_NAME} characters"
    values = (message.subject, message.from_name, message.html, message.text)
    if not all(map(storable, (*values, *_texts([message.context, message.metadata])))):
        return "a character that cannot be stored"
    return "" if message.to else "no valid recipient"


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in values as JSON has them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


@transaction.atomic
def _insert(message: MailMessage, files: Sequence[MailAttachment] = ()) -> MailMessage:
    message.created_at = clock.now()
    is_claimed = message.state == MailMessage.State.SENDING
    message.due_at = message.created_at + (LEASE if is_claimed else timedelta(0))
    earlier = _save_once(message)
    if earlier is not None:
        return earlier
    if files:
        keep(message, files)
    if message.state in PENDING:
        scheduler.arm(message.due_at)
    transaction.on_commit(partial(changes.announce, message), robust=True)
    return message


def _save_once(message: MailMessage) -> MailMessage | None:
    """Save the message, or return the one that its key was used for."""
    if message.idempotency_key is None:
        message.save(force_insert=True)
        return None
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        return MailMessage.objects.get(idempotency_key=message.idempotency_key)
    return None


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON has them; lazy texts and instants become strings."""
    found: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return found

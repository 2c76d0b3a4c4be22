"""Write messages into the outbox, in the caller's transaction."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formataddr, getaddresses
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from accounts import addresses, crypto
from accounts.models import MailMessage
from kernel import clock
from kernel.text import has_controls, storable
from tenants import scheduler

#: What the encrypted part of a row is derived for.
PURPOSE = "mail"
Recipients = str | Iterable[str] | None


@dataclass(frozen=True)
class Envelope:
    """Who gets a message: what can be written to, and what was dropped."""

    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def put(
    template: str,
    *,
    to: Recipients,
    context: Mapping[str, Any] | None = None,
    secret_context: Mapping[str, Any] | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
) -> MailMessage:
    """Write one message of a template and wake the worker after the commit.

    `template` is "app/name", for `<app>/mail/<name>.html`, `.txt` and `.subject.txt`.
    `secret_context` is encrypted in the row and wiped when the mail has left or died.
    A message that was not sent at `expires_at` is not sent at all.
    With a key that was used before, the earlier message is returned.
    Without a valid recipient the row is kept as failed.
    """
    return enqueue(
        MailMessage(
            template=template,
            category=template.rpartition("/")[2],
            language=language or "",
            context=_plain(context or {}),
            secret_context=seal(secret_context) if secret_context else None,
            is_secret=bool(secret_context),
            expires_at=expires_at,
            idempotency_key=idempotency_key,
        ),
        envelope(to=to),
    )


def put_nothing() -> MailMessage:
    """Write a row that no mail comes of: the same work where nobody gets one."""
    message = MailMessage(
        category="none", is_secret=True, secret_context=seal({"code": "-"})
    )
    return _insert(message)


def enqueue(message: MailMessage, to_whom: Envelope) -> MailMessage:
    """Write a composed message, or keep it as failed where nobody can get it."""
    message.to, message.cc, message.bcc = to_whom.to, to_whom.cc, to_whom.bcc
    message.reply_to, message.dropped = to_whom.reply_to, to_whom.dropped
    problem = _problem(message)
    if problem:
        message.state = MailMessage.State.FAILED
        message.last_error = problem
        message.secret_context = None
        # What cannot be sent may hold what cannot be stored.
        message.subject = message.from_name = message.html = message.text = ""
    return _insert(message)


def seal(values: Mapping[str, Any]) -> bytes:
    """Return values encrypted for the rows of this tenant."""
    return crypto.encrypt(_plain(values), purpose=PURPOSE)


def _problem(message: MailMessage) -> str:
    if has_controls(message.subject + message.from_name):
        return "control character in subject or name"
    return "" if message.to else "no valid recipient"


def _insert(message: MailMessage) -> MailMessage:
    now = clock.now()
    message.created_at = message.due_at = now
    with transaction.atomic():
        if message.idempotency_key is None:
            message.save(force_insert=True)
        else:
            message = _insert_once(message)
        if message.state == MailMessage.State.QUEUED:
            scheduler.arm(now)
    return message


def _insert_once(message: MailMessage) -> MailMessage:
    MailMessage.objects.bulk_create([message], ignore_conflicts=True)
    return MailMessage.objects.get(idempotency_key=message.idempotency_key)


def envelope(
    *,
    to: Recipients,
    cc: Recipients = None,
    bcc: Recipients = None,
    reply_to: Recipients = None,
) -> Envelope:
    """Return the valid recipients, without repetition, and what was dropped."""
    dropped: list[str] = []
    return Envelope(
        to=_valid(to, dropped),
        cc=_valid(cc, dropped),
        bcc=_valid(bcc, dropped),
        reply_to=_valid(reply_to, dropped),
        dropped=dropped,
    )


def _valid(recipients: Recipients, dropped: list[str]) -> list[str]:
    found: dict[str, str] = {}
    for name, address in _pairs(recipients):
        norm = addresses.normalise_or_none(address)
        if norm is None or has_controls(name) or not storable(name):
            dropped.append(addresses.mask(address) if storable(address) else "***")
        else:
            found.setdefault(norm, formataddr((name, address)) if name else address)
    return list(found.values())


def _pairs(recipients: Recipients) -> list[tuple[str, str]]:
    if recipients is None:
        return []
    items = [recipients] if isinstance(recipients, str) else list(recipients)
    parts = [part for item in items for part in _split(str(item))]
    pairs = []
    for part in parts:
        if has_controls(part):
            pairs.append(("", part))
            continue
        parsed = getaddresses([part])
        pairs.extend((name, address or part) for name, address in parsed)
    return pairs


def _split(text: str) -> list[str]:
    """Split on commas and semicolons outside quotes."""
    parts, quoted = [""], False
    for letter in text:
        quoted ^= letter == '"'
        if letter in ",;" and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON has them; lazy texts and instants become strings."""
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain

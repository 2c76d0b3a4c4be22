"""The development mailbox: messages kept as files, a folder per tenant."""

import itertools
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from kernel import clock
from tenants import context

KEPT = 200
ID_LENGTH = 32
_numbers = itertools.count()


@dataclass(frozen=True)
class Letter:
    """One message in the mailbox."""

    id: str
    sender: str
    to: list[str]
    reply_to: list[str]
    subject: str
    text: str
    html: str
    sent_at: str


class EmailBackend(BaseEmailBackend):
    """Keeps the messages of the entered tenant, the newest 200."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for email in email_messages:
            keep(_letter(email))
        return len(email_messages)


def folder() -> Path:
    """Return the folder of the entered tenant."""
    return Path(settings.MAILBOX_DIR) / str(context.context_uuid())


def letters() -> list[Letter]:
    """Return the messages of the entered tenant, newest first."""
    paths = sorted(folder().glob("*.json"), reverse=True)
    return [letter for path in paths if (letter := _read(path))]


def letter(letter_id: str) -> Letter | None:
    """Return one message of the entered tenant."""
    if len(letter_id) != ID_LENGTH or not letter_id.isalnum():
        return None
    return _read(folder() / f"{letter_id}.json")


def keep(item: Letter) -> None:
    """Write a message, whole or not at all, and drop the oldest above 200."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder() / f"{item.id}.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(item)), encoding="utf-8")
    new.replace(path)
    for old in sorted(folder().glob("*.json"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


def clear() -> None:
    """Remove the messages of the entered tenant."""
    for path in folder().glob("*.json"):
        path.unlink(missing_ok=True)


def _letter(email: EmailMessage) -> Letter:
    now = clock.now()
    # Two mails of one instant keep their order by the number.
    order = f"{int(now.timestamp() * 1_000_000):016x}{next(_numbers):08x}"
    return Letter(
        id=order + secrets.token_hex(4),
        sender=email.from_email,
        to=list(email.to),
        reply_to=list(email.reply_to),
        subject=str(email.subject),
        text=str(email.body),
        html=_html(email),
        sent_at=now.isoformat(),
    )


def _html(email: EmailMessage) -> str:
    if not isinstance(email, EmailMultiAlternatives):
        return ""
    found = [str(part[0]) for part in email.alternatives if part[1] == "text/html"]
    return found[0] if found else ""


def _read(path: Path) -> Letter | None:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Letter(**values)
    except (FileNotFoundError, ValueError, TypeError):
        return None

"""Check the files that somebody wants to send, and keep them until they are sent."""

import re
from collections.abc import Iterable
from typing import IO

from accounts.models import MailAttachment, MailMessage
from kernel.text import has_controls, storable

Attachment = tuple[str, bytes | IO[bytes], str]
MOST_FILES = 20
MOST_BYTES = 10 * 1024 * 1024
LONGEST_NAME = 255
MIMETYPE = re.compile(r"[a-z0-9][\w.+-]{0,49}/[a-z0-9][\w.+-]{0,48}\Z", re.ASCII)


class AttachmentRefused(Exception):
    """A file cannot be sent; the message says why."""


def checked(files: Iterable[Attachment] | None) -> list[MailAttachment]:
    """Return the files as rows that are not saved yet. Raises AttachmentRefused."""
    rows = [_row(*file) for file in files or ()]
    if len(rows) > MOST_FILES:
        raise AttachmentRefused(f"more than {MOST_FILES} files")
    if sum(len(row.content) for row in rows) > MOST_BYTES:
        raise AttachmentRefused("the files are larger than 10 MiB")
    return rows


def _row(name: str, content: bytes | IO[bytes], mimetype: str) -> MailAttachment:
    base = name.replace("\\", "/").rpartition("/")[2]
    if not 0 < len(base) <= LONGEST_NAME or has_controls(base) or not storable(base):
        raise AttachmentRefused("a file's name cannot be written")
    if not MIMETYPE.match(mimetype.lower()):
        raise AttachmentRefused("a file's type is none")
    data = content if isinstance(content, bytes) else content.read(MOST_BYTES + 1)
    return MailAttachment(name=base, mimetype=mimetype.lower(), content=data)


def keep(message: MailMessage, rows: list[MailAttachment]) -> None:
    """Save the files with their message."""
    for row in rows:
        row.message = message
    MailAttachment.objects.bulk_create(rows)


def of(message: MailMessage) -> list[tuple[str, bytes, str]]:
    """Return the files of a message as a mail takes them."""
    rows = MailAttachment.objects.filter(message=message).order_by("id")
    return [(row.name, bytes(row.content), row.mimetype) for row in rows]

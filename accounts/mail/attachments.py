"""Check the files that somebody wants to send, and keep them until they are sent.

They are rows and no files of the tenant's storage, on purpose. A row is written and
rolled back with its mail, goes in the statement after the one that says "sent", is in
the same backup, and is out of reach for every other tenant by the same right. A file
would be written before a commit that may never come and be left behind by a process
that dies in between, so it would need a sweep, and a time in which bytes lie there that
no mail has.
It costs little: at most 10 MiB a mail, which PostgreSQL keeps beside the table (TOAST),
so that no list and no claim of the worker reads them; they leave with the mail, within
seconds, and the space is used again.
"""

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
    rows: list[MailAttachment] = []
    left = MOST_BYTES
    for file in files or ():
        if len(rows) == MOST_FILES:
            raise AttachmentRefused(f"more than {MOST_FILES} files")
        rows.append(_row(*file, most=left))
        left -= len(rows[-1].content)
    return rows


def _row(
    name: str, content: bytes | IO[bytes], mimetype: str, *, most: int
) -> MailAttachment:
    base = str(name).replace("\\", "/").rpartition("/")[2]
    if has_controls(str(name)) or not storable(base):
        raise AttachmentRefused("a file's name cannot be written")
    if not 0 < len(base) <= LONGEST_NAME or base in {".", ".."}:
        raise AttachmentRefused("a file's name cannot be written")
    kind = str(mimetype).lower()
    if not MIMETYPE.match(kind) or kind.startswith("multipart/"):
        raise AttachmentRefused("a file's type is none")
    data = content if isinstance(content, bytes) else _read(content, most)
    if len(data) > most:
        raise AttachmentRefused("the files are larger than 10 MiB")
    return MailAttachment(name=base, mimetype=kind, content=data)


def _read(file: IO[bytes], most: int) -> bytes:
    """Return a file's bytes, one more than it may have at most."""
    try:
        data: bytes | str = file.read(most + 1)
    except (AttributeError, OSError, ValueError) as error:
        raise AttachmentRefused("a file cannot be read") from error
    return data.encode() if isinstance(data, str) else bytes(data)


def keep(message: MailMessage, rows: Iterable[MailAttachment]) -> None:
    """Save the files with their message."""
    kept = list(rows)
    for row in kept:
        row.message = message
    MailAttachment.objects.bulk_create(kept)


def of(message: MailMessage) -> list[tuple[str, bytes, str]]:
    """Return the files of a message as a mail takes them."""
    rows = MailAttachment.objects.filter(message=message).order_by("id")
    return [(row.name, bytes(row.content), row.mimetype) for row in rows]


def drop(messages: Iterable[int]) -> None:
    """Let go of the files of some messages, by their keys."""
    # Django reads what it deletes, and nobody needs megabytes for that.
    MailAttachment.objects.filter(message__in=list(messages)).only("pk").delete()

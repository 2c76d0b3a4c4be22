"""Passwords known from breaches elsewhere: asked of a service, or of a file.

The service gets five of the forty digits of the password's SHA-1 and answers with all
endings that it knows (k-anonymity), so it never learns which password was meant. The
file holds such digests, one a line and sorted, each with a colon and a count after it
or alone. ACCOUNTS names either; what is empty is not asked.

A service that does not answer within 2 s lets the password through, with an event:
nobody is kept out because somebody else's server is away.
"""

import hashlib
import mmap
from pathlib import Path
from typing import Final

from django.conf import settings

from accounts import events
from kernel import http

#: Digits that leave the house.
PREFIX: Final = 5
SECONDS: Final = 2.0
#: A range has some hundred lines; padded, up to a thousand more.
LARGEST_ANSWER: Final = 256 * 1024
DIGITS: Final = 40


def is_breached(prepared: str) -> bool:
    """Tell whether a password is known; False where nobody can be asked."""
    digest = hashlib.sha1(prepared.encode(), usedforsecurity=False).hexdigest().upper()
    return _in_file(digest) or _at_service(digest)


def _setting(name: str) -> str:
    return str(settings.ACCOUNTS.get(name) or "")


def _at_service(digest: str) -> bool:
    url = _setting("BREACHED_PASSWORDS_URL")
    if not url:
        return False
    try:
        answer = http.get(
            f"{url.rstrip('/')}/{digest[:PREFIX]}",
            headers={"Add-Padding": "true"},
            timeout=SECONDS,
            limit=LARGEST_ANSWER,
        )
    except http.NotReached as error:
        _note(str(error))
        return False
    if not answer.is_good or answer.is_cut:
        _note("cut" if answer.is_good else f"status {answer.status}")
        return False
    return _is_listed(answer.text, digest[PREFIX:])


def _is_listed(text: str, ending: str) -> bool:
    """Read lines of `ending:count`; a count of nought is padding."""
    for line in text.splitlines():
        found, _, count = line.strip().partition(":")
        if found.upper() == ending:
            return count != "0"
    return False


def _note(reason: str) -> None:
    events.record("password.breach_check_failed", details={"reason": reason[:100]})


def _in_file(digest: str) -> bool:
    path = _setting("BREACHED_PASSWORDS_FILE")
    if not path:
        return False
    try:
        with (
            Path(path).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines,
        ):
            return _found(lines, digest.encode())
    except (OSError, ValueError) as error:  # not there, or empty
        _note(type(error).__name__)
        return False


def _found(lines: mmap.mmap, digest: bytes) -> bool:
    """Look a digest up in sorted lines, by halves."""
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high) // 2
        start = lines.rfind(b"\n", low, middle) + 1 or low
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        line = lines[start : min(end, start + DIGITS)].upper()
        if line == digest:
            return True
        if line < digest:
            low = end + 1
        else:
            high = start
    return False

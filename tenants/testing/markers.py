"""Canary markers: words that one tenant's rows hold and nobody else may ever see."""

import base64
import secrets
from collections.abc import Iterable
from functools import cache
from typing import Final
from uuid import UUID

LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
#: No text of the product begins a word so; the rest is random.
BEGINNING: Final = "canary"
RANDOM: Final = 12
LENGTH: Final = len(BEGINNING) + RANDOM


def new_marker() -> str:
    """Return a new marker: lower case, so that no escaping changes it."""
    return BEGINNING + "".join(secrets.choice(LETTERS) for _ in range(RANDOM))


@cache
def needles(marker: str) -> tuple[bytes, ...]:
    """Return what to look for: the marker itself, and inside base64 at any offset."""
    plain = marker.encode()
    return plain, *(within_base64(plain, offset) for offset in range(3))


def within_base64(plain: bytes, offset: int) -> bytes:
    """Return the letters that stand for `plain`, whatever is before and after it."""
    coded = base64.b64encode(bytes(offset) + plain)
    first = -(-offset * 8 // 6)
    whole = (offset + len(plain)) * 8 // 6
    return coded[first:whole]


def found_in(data: bytes, marker: str) -> bool:
    """Tell whether the data hold the marker, in either case or in base64."""
    plain, *coded = needles(marker)
    return plain in data.lower() or any(word in data for word in coded)


def owners_in(data: bytes, markers: Iterable[tuple[UUID, str]]) -> list[UUID]:
    """Return whose markers the data hold."""
    return [owner for owner, marker in markers if found_in(data, marker)]


def readable(value: object) -> bytes:
    """Return a value as bytes to search in."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict):
        return b"\n".join(readable(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return b"\n".join(readable(part) for part in value)
    inner = getattr(value, "__dict__", None)
    shown = repr(value).encode("utf-8", "surrogatepass")
    if isinstance(inner, dict) and inner:
        flat = {name: part for name, part in inner.items() if is_plain(part)}
        return shown + b"\n" + readable(flat)
    return shown


def is_plain(value: object) -> bool:
    return isinstance(value, bytes | str | int | float | dict | list | tuple)

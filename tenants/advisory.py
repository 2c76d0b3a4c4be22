"""The numbers of advisory locks, which the whole database shares."""

import hashlib


def half(value: bytes) -> int:
    """Return one of the two numbers of a lock: 32 bits of a hash."""
    return int.from_bytes(hashlib.sha256(value).digest()[:4], "big", signed=True)

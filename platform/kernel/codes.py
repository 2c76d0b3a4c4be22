"""Codes that people type and secrets that programs carry.

A code is short, so it is salted, peppered and bound to what it is for; a secret has
256 bits, so one SHA-256 is enough.
"""

import hashlib
import hmac
import secrets

from django.conf import settings

#: A to Z and 2 to 9 without the look-alikes I, O, 0 and 1: 32 symbols, 5 bits each.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#: A code lives minutes and has three tries; the pepper carries the strength.
ITERATIONS = 10_000


def new_code(length: int = 6) -> str:
    """Return a random code of `length` symbols from ALPHABET."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def normalise(code: str) -> str:
    """Return the code as it was made: upper case, without spaces and hyphens."""
    return "".join(code.split()).replace("-", "").upper()


def new_salt() -> bytes:
    """Return 128 random bits."""
    return secrets.token_bytes(16)


def code_hash(code: str, *, salt: bytes, binding: str) -> bytes:
    """Return the hash of a code that is worth something for `binding` only.

    `binding` names tenant, purpose and row, so a hash copied elsewhere fits nothing.
    """
    text = f"{binding}\x1f{normalise(code)}".encode("utf-8", "surrogatepass")
    peppered = hmac.digest(settings.CODE_PEPPER.encode(), text, "sha256")
    return hashlib.pbkdf2_hmac("sha256", peppered, salt, ITERATIONS)


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a 256-bit secret, the form that is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def equal(left: bytes, right: bytes) -> bool:
    """Compare without telling by time where the two differ."""
    return hmac.compare_digest(left, right)

"""Time-based one-time codes (RFC 6238): 30 seconds, 6 digits, HMAC-SHA-1.

These are the values that every authenticator knows. What a code opens, and that it
counts once, is decided in `accounts.factors`.
"""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
#: Steps before and after the present one that count, for clocks that differ.
WINDOW: Final = 1


def new_secret() -> str:
    """Return 160 random bits in the letters that authenticators take."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(instant: datetime) -> int:
    """Return the number of the step that an instant lies in."""
    return int(instant.timestamp()) // SECONDS


def code_of(secret: str, step: int) -> str:
    """Return the code of one step."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, *, at: datetime) -> int | None:
    """Return the step whose code was typed, of those around an instant, or None."""
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    steps = range(step_at(at) - WINDOW, step_at(at) + WINDOW + 1)
    # All are compared, so that the time does not tell which one it was.
    found = [
        s for s in steps if hmac.compare_digest(code_of(secret, s).encode(), typed)
    ]
    return max(found, default=None)


def uri(secret: str, *, issuer: str, account: str) -> str:
    """Return what the QR code holds."""
    name = issuer.replace(":", " ")  # a colon ends it
    label = quote(f"{name}:{account}", safe="@:")
    values = {"secret": secret, "issuer": name, "digits": DIGITS, "period": SECONDS}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"

"""The text of an API token: `tnp_<prefix 8>_<secret 43>_<check 6>`, or `tns_...`.

The first letters say whose it is, a person's or a service account's; the prefix finds
the row, the secret has 256 bits, and the check tells a typing error without a database.
"""

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIX_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 8, 43, 6
SECRET_BITS = 256
MARKS = {"person": "tnp", "service": "tns"}
KINDS = {mark: kind for kind, mark in MARKS.items()}
#: What every API token begins with, and nothing else that is a bearer.
BEGINNINGS = tuple(f"{mark}_" for mark in KINDS)
TEXT = re.compile(
    r"(?P<mark>tn[ps])_(?P<prefix>[0-9A-Za-z]{8})"
    r"_(?P<secret>[0-9A-Za-z]{43})_(?P<check>[0-9A-Za-z]{6})",
    re.ASCII,
)


@dataclass(frozen=True)
class TokenText:
    """A token in its parts; its `repr()` shows no secret."""

    kind: str
    prefix: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole, as it is given out and shown."""
        body = f"{MARKS[self.kind]}_{self.prefix}_{self.secret}"
        return f"{body}_{check_of(body)}"


def new(kind: str) -> TokenText:
    """Return a new random token of a person or of a service."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
    secret = base62(secrets.randbits(SECRET_BITS), SECRET_LENGTH)
    return TokenText(kind, prefix, secret)


def parse(text: str) -> TokenText | None:
    """Return the parts of a token, or None for what was mistyped or is none."""
    match = TEXT.fullmatch(text)
    if match is None:
        return None
    body, _, check = text.rpartition("_")
    if check != check_of(body):
        return None
    return TokenText(KINDS[match["mark"]], match["prefix"], match["secret"])


def check_of(body: str) -> str:
    """Return the CRC-32 of what stands before it; it keeps out errors, not people."""
    return base62(zlib.crc32(body.encode("ascii")), CHECK_LENGTH)


def base62(number: int, length: int) -> str:
    """Return a number in base 62, filled up with zeros in front."""
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(reversed(letters))

"""Mail addresses, user names and person names: one canonical form, or a refusal."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from accounts.errors import EmailInvalid, NameInvalid
from kernel.text import has_controls, storable

MAX_ADDRESS = 254
MAX_NAME = 150
_MARKUP = ("<", ">", "://")


def normalise(address: str) -> str:
    """Return the form that is compared: case-folded, the domain in ASCII IDNA.

    Raises EmailInvalid for what is no address.
    """
    norm = _fold(address)
    # What is compared must not change when it is compared again.
    if len(norm) > MAX_ADDRESS or _fold(norm) != norm:
        raise EmailInvalid
    return norm


def _fold(address: str) -> str:
    if len(address) > MAX_ADDRESS or not storable(address):
        raise EmailInvalid
    try:
        parsed = validate_email(
            address, check_deliverability=False, strict=True, test_environment=True
        )
    except (EmailNotValidError, UnicodeError) as error:
        raise EmailInvalid from error
    domain = parsed.ascii_domain or parsed.domain
    return f"{parsed.local_part.casefold()}@{domain.lower()}"


def normalise_or_none(address: str) -> str | None:
    """Return the form that is compared, or None for what is no address."""
    try:
        return normalise(address)
    except EmailInvalid:
        return None


def normalise_username(name: str) -> str:
    """Return the form of a user name that is compared; an address as an address."""
    if "@" in name:
        return normalise_or_none(name) or name.casefold()
    return unicodedata.normalize("NFKC", name).strip().casefold()


def clean_name(name: str) -> str:
    """Return a person's name without outer blanks.

    Raises NameInvalid for control characters, markup and more than 150 characters.
    """
    if not storable(name):
        raise NameInvalid
    cleaned = unicodedata.normalize("NFC", name).strip()
    if len(cleaned) > MAX_NAME or has_controls(cleaned):
        raise NameInvalid
    if any(mark in cleaned for mark in _MARKUP):
        raise NameInvalid
    return cleaned


def mask(address: str) -> str:
    """Return `j***n@x.org`: enough to recognise, too little to write to."""
    local, _, domain = address.rpartition("@")
    if not local:
        return "***"
    return f"{local[0]}***{local[-1]}@{domain}"

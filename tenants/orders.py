"""What somebody may ask for when a tenant is made: names, addresses, language."""

import zoneinfo
from functools import cache

from django.conf import settings
from email_validator import EmailNotValidError, validate_email

from kernel.text import has_controls, storable
from tenants.errors import EmailInvalid, LocaleInvalid, NameInvalid, TimezoneInvalid

LONGEST_NAME = 80
LONGEST_EMAIL = 254
#: A name is repeated in mails, so it must not carry a stranger's advertisement.
UNWELCOME = ("<", ">", "://", "www.")


def check_name(name: str) -> str:
    """Return the name without outer spaces. Raises NameInvalid."""
    clean = name.strip()
    if not 0 < len(clean) <= LONGEST_NAME or not storable(clean):
        raise NameInvalid
    if has_controls(clean) or any(part in clean.lower() for part in UNWELCOME):
        raise NameInvalid
    return clean


def check_email(email: str) -> str:
    """Return the address in its normal form, lower case. Raises EmailInvalid."""
    if len(email) > LONGEST_EMAIL or not storable(email):
        raise EmailInvalid
    try:
        parts = validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        )
    except EmailNotValidError:
        raise EmailInvalid from None
    return parts.normalized.lower()


def check_locale(locale: str) -> str:
    """Return the language. Raises LocaleInvalid where it is not installed."""
    if locale not in dict(settings.LANGUAGES):
        raise LocaleInvalid
    return locale


@cache
def known_timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_timezone(name: str) -> str:
    """Return the time zone's name. Raises TimezoneInvalid where it is not known."""
    if name not in known_timezones():
        raise TimezoneInvalid
    return name

"""The languages a person may choose: those that mails are written in."""

from django.conf import settings

from accounts.errors import LanguageUnknown


def names() -> dict[str, str]:
    """Return the languages by code, each under its own name."""
    return dict(settings.MAIL_LANGUAGES)


def require_known(language: str) -> None:
    """Raise LanguageUnknown for a language there is none of; empty is none chosen."""
    if language and language not in names():
        raise LanguageUnknown

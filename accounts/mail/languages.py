"""Which language a mail is in: its reader's, else the brand's, else the product's."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import translation

from accounts import branding, languages


def chosen(*wanted: str) -> str:
    """Return the first language that mails are written in, else the product's.

    A variant counts as its language: `de-at` is served by `de`.
    """
    known = languages.names()
    codes = (code for text in wanted for code in _forms(text))
    return next((code for code in codes if code in known), settings.LANGUAGE_CODE)


@contextmanager
def spoken_to(language: str) -> Iterator[None]:
    """Make texts for a mail in the language that it will be sent in.

    Words that go into a mail's context are made here and not where it is rendered.
    """
    with translation.override(chosen(language, branding.current().language)):
        yield


def _forms(text: str) -> tuple[str, str]:
    code = text.lower().replace("_", "-")
    return code, code.partition("-")[0]

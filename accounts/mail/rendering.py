"""From a row of the outbox to a message: template, brand, language, inlined styles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import css_inline
from django.conf import settings
from django.template.backends.django import DjangoTemplates
from django.utils import translation

from accounts import branding, crypto
from accounts.branding import Brand
from accounts.mail import composing, languages, layouts
from accounts.mail.plain_text import from_html
from accounts.models import MailMessage
from tenants import hosts


@dataclass(frozen=True)
class Rendered:
    """A message as it leaves, with the brand it leaves under."""

    brand: Brand
    subject: str
    html: str = field(repr=False)
    text: str = field(repr=False)


def render(message: MailMessage) -> Rendered:
    """Return the message in its language and the tenant's brand."""
    brand = branding.current()
    secret = _secret(message)
    if not message.template:
        html = secret.get("html", message.html)
        text = secret.get("text", message.text) or from_html(html)
        return Rendered(brand, message.subject, html, text)
    return of_template(
        message.template,
        {**message.context, **secret},
        brand=brand,
        language=language_of(message, brand),
    )


def of_template(
    template: str, values: Mapping[str, object], *, brand: Brand, language: str
) -> Rendered:
    """Return a mail of `app/name` for the values, in a brand and a language.

    Pictures come from `assets_url`, else from the tenant's own site.
    """
    site_url = hosts.absolute_url("/").rstrip("/")
    known = {"assets_url": site_url, **values, "brand": brand, "site_url": site_url}
    app, _, name = template.rpartition("/")
    base = f"{app}/mail/{name}"
    with translation.override(language):
        subject = " ".join(_plain(f"{base}.subject.txt", known).split())
        text = _plain(f"{base}.txt", known).strip() + "\n"
        html = layouts.html_of(f"{base}.html", known, title=subject)
    return Rendered(brand, subject, _inlined(html), text)


def language_of(message: MailMessage, brand: Brand) -> str:
    """Return the message's language, else the brand's, else the product's."""
    return languages.chosen(message.language, brand.language)


def _secret(message: MailMessage) -> dict[str, str]:
    if message.secret_context is None:
        return {}
    return crypto.decrypt(bytes(message.secret_context), purpose=composing.PURPOSE)


def _plain(template: str, values: dict[str, object]) -> str:
    return str(_text_engine().get_template(template).render(values))


@cache
def _text_engine() -> DjangoTemplates:
    # A text is no HTML: an apostrophe in a name must stay one.
    return DjangoTemplates(
        {
            "NAME": "plain-text",
            "DIRS": settings.TEMPLATES[0]["DIRS"],
            "APP_DIRS": True,
            "OPTIONS": {"autoescape": False},
        }
    )


def _inlined(html: str) -> str:
    return css_inline.CSSInliner(
        keep_at_rules=True, load_remote_stylesheets=False
    ).inline(html)

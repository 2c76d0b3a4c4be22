"""Words of mails that a template cannot make by itself."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts import zones

register = template.Library()
#: An address in a text; what ends the sentence around it is no part of it.
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
SCRIPTS = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


@register.filter
def html_language(code: str) -> str:
    """Return a language as documents name it."""
    return SCRIPTS.get(code, code)


@register.filter
def footer_html(text: str) -> SafeString:
    """Return a plain text as HTML: escaped, lines kept, addresses as links of ours."""
    parts: list[str] = []
    end = 0
    for found in LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        address = escape(found[0])
        parts.append(f'<a href="{address}">{address}</a>')
        end = found.end()
    parts.append(escape(text[end:]))
    whole = "".join(parts).replace("\n", "<br>")
    return mark_safe(whole)  # noqa: S308 - each part was escaped above


@register.simple_tag
def instant(at: str, zone: str = "") -> str:
    """Return an ISO instant in the mail's language, with the zone it is told in."""
    found = zones.or_utc(zone)
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(found))
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} ({found})"

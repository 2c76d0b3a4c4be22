"""Words of mails that a template cannot make by itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats

from accounts import zones

register = template.Library()


@register.simple_tag
def instant(at: str, zone: str = "") -> str:
    """Return an ISO instant in the mail's language, with the zone it is told in."""
    found = zones.or_utc(zone)
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(found))
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} ({found})"

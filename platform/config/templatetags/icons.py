"""An icon of Lucide, drawn once in each size: it takes a seventh of a page's time."""

from functools import cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
@cache  # by names in templates, so there are some dozens
def icon(name: str, size: int) -> SafeString:
    """Return an icon for the eyes alone; raises IconDoesNotExist."""
    look = "icon icon--20" if size == 20 else "icon"  # noqa: PLR2004 - the large size
    svg = lucide(
        name, size=size, aria_hidden="true", focusable="false", **{"class": look}
    )
    return SafeString(svg)

"""The field for a time zone, which has several hundred options."""

from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts import zones

SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """A select that is written in one go; Django renders a template for each option."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,  # noqa: ARG002 - Django's signature
    ) -> SafeString:
        """Return the same markup as Django's."""
        chosen = self.format_value(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, SELECTED if str(key) in chosen else "", words)
                for key, words in self.choices
            ),
        )
        rest = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, rest, options)


def zone_field(*, empty: str | Promise) -> forms.ChoiceField:
    """Return the field; `empty` says what holds where none is chosen."""

    def choices() -> list[tuple[str, Any]]:
        return [
            ("", empty),
            *((name, name.replace("_", " ")) for name in zones.names()),
        ]

    return forms.ChoiceField(
        label=_("Time zone"), required=False, choices=choices, widget=LongSelect
    )

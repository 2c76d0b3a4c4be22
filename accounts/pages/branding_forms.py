"""The forms of the branding page: one a section, each saved by itself."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import branding
from accounts.branding import Brand, rules
from accounts.forms import StorableCharField, address_field
from accounts.models import TenantBranding
from accounts.models.branding import RegistrationPolicy
from accounts.zone_forms import zone_field

COLOUR = {
    "maxlength": 7,
    "autocomplete": "off",
    "spellcheck": "false",
    "data-colour": "",
}


def _text(label: Any, hint: Any = "", **attrs: Any) -> forms.CharField:
    return StorableCharField(
        label=label,
        help_text=hint,
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs=attrs),
    )


def _colour(label: Any, hint: Any = "") -> forms.CharField:
    return _text(label, hint, **COLOUR)


class Section(forms.Form):
    """One section; the values are judged by the rules and not here."""

    #: The version of the row that the person looked at.
    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)

    def values(self) -> dict[str, Any]:
        """Return the fields of the branding that were typed."""
        return {k: v for k, v in self.cleaned_data.items() if k != "version"}

    def refuse(self, errors: list[Mapping[str, Any]]) -> None:
        """Put each problem of the rules to its field."""
        by_name = {rules.camel(name): name for name in self.fields}
        for error in errors:
            self.add_error(by_name.get(error["field"]), error["message"])


class LookForm(Section):
    """Name and colours."""

    name = _text(_("Name"), _("Empty: the name of the workspace."), maxlength=80)
    primary = _colour(_("Buttons"), _("Like #3b5bdb. Empty: the accent."))
    on_primary = _colour(_("Words on buttons"), _("Empty: white or black."))
    accent = _colour(_("Accent"), _("Links, focus, what is chosen."))
    background = _colour(_("Ground"), _("A light one; the dark theme follows."))
    text = _colour(_("Words"), _("A dark one; the dark theme follows."))


class MailForm(Section):
    """What mails say about their sender."""

    sender_name = _text(
        _("Sender's name"), _("Empty: the name of the brand."), maxlength=60
    )
    footer = StorableCharField(
        label=_("Footer of mails"),
        help_text=_("A postal address, for example. Web addresses become links."),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
    )
    language = forms.ChoiceField(
        label=_("Language of mails"),
        help_text=_("For people who have chosen none of their own."),
        required=False,
    )
    time_zone = zone_field(empty=_("As the workspace"))
    mail_enabled = forms.BooleanField(
        label=_("Send mails"),
        help_text=_("Without mails nobody can register, or choose a new password."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101 - set above
        language.choices = [("", _("As the workspace")), *settings.MAIL_LANGUAGES]


class RegistrationForm(Section):
    """Who may come in without being invited."""

    registration_policy = forms.ChoiceField(
        label=_("Who may register"),
        required=False,
        choices=[("", _("As the platform says")), *RegistrationPolicy.choices],
    )
    registration_domains = StorableCharField(
        label=_("Domains"),
        help_text=_("One on each line, like example.com."),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean_registration_domains(self) -> list[str]:
        text: str = self.cleaned_data["registration_domains"]
        return text.replace(",", " ").split()


class LogoForm(forms.Form):
    """A picture for one of the two themes."""

    logo = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG or WebP, at most 512 KiB and 2000 by 2000 pixels."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )


class AddressForm(forms.Form):
    """An address that answers shall go to."""

    email = address_field(_("Another address"))


SECTIONS: Mapping[str, type[Section]] = {
    "look": LookForm,
    "mail": MailForm,
    "registration": RegistrationForm,
}


def of(section: str, row: TenantBranding, version: str) -> Section:
    """Return the form of a section with what is stored."""
    form = SECTIONS[section](auto_id=f"{section}_%s")
    initial = {name: getattr(row, name) for name in form.fields if name != "version"}
    if section == "registration":
        initial["registration_domains"] = "\n".join(row.registration_domains)
    form.initial = {**initial, "version": version}
    if section == "look":
        _show_defaults(form, branding.of(row))
    return form


def _show_defaults(form: Section, brand: Brand) -> None:
    """Let each empty colour say what stands in for it."""
    for name in rules.COLOURS:
        attrs = form.fields[name].widget.attrs
        attrs["placeholder"] = getattr(brand.light, name)


def sent(section: str, data: Mapping[str, Any]) -> Section:
    """Return the form of a section with what was typed."""
    return SECTIONS[section](data, auto_id=f"{section}_%s")

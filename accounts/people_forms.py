"""The forms of the settings that are about people: others, invitations, oneself."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts import languages
from accounts.forms import (
    PASSWORD_HELP,
    StorableCharField,
    address_field,
    name_fields,
    new_password_field,
)
from accounts.models import User
from accounts.passwords import LONGEST
from accounts.permissions import RESERVED_GROUPS, ROLES, rank
from accounts.zone_forms import zone_field
from kernel.inputs import exact

ROLE_WORDS = {
    User.Role.MEMBER: _("Member"),
    User.Role.ADMIN: _("Administrator"),
    User.Role.OWNER: _("Owner"),
}
ROLE_HELP = _("Administrators manage people and settings; owners also the workspace.")


def roles_of(by: User) -> list[tuple[str, Any]]:
    """Return the roles that a person may give, as choices."""
    return [
        (role, ROLE_WORDS[User.Role(role)])
        for role in ROLES
        if rank(role) <= rank(by.role)
    ]


def group_names() -> list[tuple[str, str]]:
    """Return the groups that follow no role, as choices."""
    found = Group.objects.exclude(name__in=RESERVED_GROUPS).order_by("name")
    return [(name, name) for name in found.values_list("name", flat=True)]


def language_choices() -> list[tuple[str, Any]]:
    return [("", _("The workspace's language")), *languages.names().items()]


def current_password_field() -> forms.CharField:
    return StorableCharField(
        label=_("Your password"),
        required=False,
        strip=False,
        max_length=4 * LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class RightsForm(forms.Form):
    """The role of a person, and the groups that processes ask for."""

    role = forms.ChoiceField(label=_("Role"), help_text=ROLE_HELP)
    groups = forms.MultipleChoiceField(
        label=_("Groups"),
        required=False,
        help_text=_("Processes give work to groups."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_of(by)  # type: ignore[attr-defined]
        names = group_names()
        self.fields["groups"].choices = names  # type: ignore[attr-defined]
        if not names:
            del self.fields["groups"]


class PersonForm(RightsForm):
    """Somebody who gets an account, and a link to set the password."""

    first_name, last_name = name_fields()
    email = address_field()
    field_order = ("first_name", "last_name", "email", "role", "groups")


class InviteForm(RightsForm):
    """Somebody who is asked to come in."""

    email = address_field()
    language = forms.ChoiceField(
        label=_("Language of the mail"),
        required=False,
        choices=language_choices,
    )
    field_order = ("email", "role", "groups", "language")


class AcceptForm(forms.Form):
    """What somebody tells who comes in by an invitation."""

    first_name, last_name = name_fields()
    password = new_password_field(_("Password"), PASSWORD_HELP)


class LinkForm(forms.Form):
    """The secret of the link, which a script takes from the fragment."""

    token = StorableCharField(
        required=False,
        max_length=400,
        widget=forms.HiddenInput(attrs={"data-token": ""}),
    )


class ProfileForm(forms.Form):
    """What a person says about the own account."""

    first_name, last_name = name_fields()
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=language_choices,
        help_text=_("Of the mails to you. The pages are in English."),
    )
    time_zone = zone_field(empty=_("The workspace's time zone"))


class AddressForm(forms.Form):
    """Another address for the own account."""

    email = address_field(_("New e-mail address"))
    current_password = current_password_field()


class DeleteForm(forms.Form):
    """The own account goes, once its name is typed."""

    confirmed = StorableCharField(
        label=_("Your user name"),
        max_length=1000,
        widget=exact(),
    )
    current_password = current_password_field()

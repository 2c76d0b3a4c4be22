"""The forms of the public site; the rules stand in tenants.signup and its helpers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.errors import ApplicationError
from kernel.inputs import exact

#: Which field an error of the rules belongs to.
FIELDS = {
    "email_invalid": "email",
    "name_invalid": "name",
    "slug_invalid": "slug",
    "slug_taken": "slug",
    "code_invalid": "code",
    "code_expired": "code",
    "too_many_attempts": "code",
}


class RuledForm(forms.Form):
    """A form that can show what the rules say of it."""

    def blame(self, error: ApplicationError) -> None:
        """Show an error at its field, or above the form."""
        name = FIELDS.get(error.code)
        self.add_error(name if name in self.fields else None, error.detail)


class SignupForm(RuledForm):
    """E-mail, organisation, address; `website` is a field that people do not see."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("We send a code to it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )
    name = forms.CharField(
        label=_("Organisation"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    slug = forms.CharField(
        label=_("Address of the workspace"),
        max_length=32,
        required=False,
        widget=exact(),
    )
    website = forms.CharField(required=False, max_length=200)


class CodeForm(RuledForm):
    """The code of the mail."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True}
        ),
    )


class AddressForm(RuledForm):
    """Another address, because the first one has gone."""

    slug = forms.CharField(
        label=_("Address of the workspace"),
        max_length=32,
        widget=exact(),
    )


class FindForm(RuledForm):
    """The address whose workspaces are looked for."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )

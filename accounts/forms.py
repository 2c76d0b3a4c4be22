"""The forms of the pages: one question each, with what a password manager needs."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from accounts.errors import NameInvalid
from accounts.passwords import LONGEST, shortest
from kernel.inputs import exact
from kernel.text import storable

TOO_LONG = ngettext_lazy(
    "This is too long: write at most %(limit_value)d character.",
    "This is too long: write at most %(limit_value)d characters.",
    "limit_value",
)


class StorableCharField(forms.CharField):
    """A text that PostgreSQL can store, within its length; says what is wrong plainly.

    Django itself refuses NUL only, in words of its own.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        kinds = (ProhibitNullCharactersValidator, MaxLengthValidator)
        self.validators = [one for one in self.validators if type(one) not in kinds]
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length, TOO_LONG))

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not storable(text):
            raise forms.ValidationError(
                _("Remove the characters that cannot be stored.")
            )
        return text


class NameField(StorableCharField):
    """A person's name, which mails and pages show."""

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return addresses.clean_name(text)
        except NameInvalid as error:
            raise forms.ValidationError(gettext(error.detail)) from None


class NewPasswordField(StorableCharField):
    """A password to be; nothing but blanks is none."""

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text.strip():
            raise forms.ValidationError(self.error_messages["required"])
        return text


def name_fields() -> tuple[forms.CharField, forms.CharField]:
    return (
        NameField(
            label=_("First name"),
            max_length=addresses.MAX_NAME,
            widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        ),
        NameField(
            label=_("Last name"),
            max_length=addresses.MAX_NAME,
            widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
        ),
    )


def address_field(label: Any = None) -> forms.CharField:
    return StorableCharField(
        label=label or _("E-mail address"),
        max_length=1000,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254}),
    )


def new_password_field(label: Any, help_text: Any = "") -> forms.CharField:
    return NewPasswordField(
        label=label,
        help_text=help_text,
        strip=False,
        max_length=4 * LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _password_help() -> str:
    text = gettext("At least %(count)d characters. A few words make a good one.")
    return text % {"count": shortest()}


#: Said when a form is shown, as it is the tenant's rule.
PASSWORD_HELP = lazy(_password_help, str)()


class SignInForm(forms.Form):
    """Name or address, and the password."""

    username = StorableCharField(
        label=_("User name or e-mail address"),
        max_length=1000,
        widget=exact(autocomplete="username", autofocus=True),
    )
    password = StorableCharField(
        label=_("Password"),
        strip=False,
        max_length=4 * LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("username"):
            self.fields["username"].widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True


class RegisterForm(forms.Form):
    """What a new person tells."""

    first_name, last_name = name_fields()
    email = address_field()
    password = new_password_field(_("Password"), PASSWORD_HELP)


class ForgotForm(forms.Form):
    """The address that the code goes to."""

    email = address_field()


class CodeForm(forms.Form):
    """The code of the mail."""

    code = StorableCharField(
        label=_("Code"),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class RecoveryCodeForm(forms.Form):
    """One of the saved codes."""

    code = StorableCharField(
        label=_("Recovery code"),
        help_text=_("Four groups of four letters and digits. Each code works once."),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password = new_password_field(_("New password"), PASSWORD_HELP)
    password_verify = new_password_field(_("New password again"))


class SetPasswordForm(NewPasswordForm):
    """The same with the ticket of the link, which a script takes from the fragment."""

    ticket = StorableCharField(
        required=False,
        max_length=200,
        widget=forms.HiddenInput(attrs={"data-ticket": ""}),
    )


class ChangePasswordForm(NewPasswordForm):
    """The same with the password that was valid until now."""

    current_password = StorableCharField(
        label=_("Current password"),
        strip=False,
        max_length=4 * LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current_password", "password", "password_verify")


class AuthenticatorForm(forms.Form):
    """The first code of a new authenticator."""

    code = StorableCharField(
        label=_("Code from the app"),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
            }
        ),
    )

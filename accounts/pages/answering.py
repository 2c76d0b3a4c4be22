"""What the pages with forms share: was it sent, what went wrong, at which field."""

import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import (
    EmailInvalid,
    FactorFailed,
    InvitationOpen,
    NameInvalid,
    NameTaken,
    NotConfirmed,
    PasswordMismatch,
    PasswordRefused,
    ReauthenticationRequired,
    RoleTooHigh,
    Throttled,
)
from accounts.sign_in import NOT_RIGHT
from kernel.errors import ApplicationError

REFUSED = 422
#: Which field of a form an error belongs to.
FIELDS: tuple[tuple[type[ApplicationError], str], ...] = (
    (EmailInvalid, "email"),
    (InvitationOpen, "email"),
    (NameTaken, "email"),
    (NameInvalid, "first_name"),
    (FactorFailed, "code"),
    (NotConfirmed, "confirmed"),
    (PasswordRefused, "password"),
    (PasswordMismatch, "password_verify"),
    (ReauthenticationRequired, "current_password"),
    (RoleTooHigh, "role"),
)


def posted(request: HttpRequest, action: str = "") -> QueryDict | None:
    """Return what was sent, if it was sent by the form of this action."""
    if request.method != "POST" or request.POST.get("action", "") != action:
        return None
    return request.POST


def is_sent(request: HttpRequest, form: forms.BaseForm) -> bool:
    """Tell whether the form came in and can be read."""
    return request.method == "POST" and form.is_valid()


def status_of(*shown: forms.BaseForm) -> int:
    """Return 422 where one of the forms says what is wrong."""
    return REFUSED if any(form.errors for form in shown) else 200


def add_error(form: forms.BaseForm, error: ApplicationError) -> None:
    """Say what went wrong at its field; what was typed stays."""
    form.add_error(field_of(form, error), words(error))


def field_of(form: forms.BaseForm, error: ApplicationError) -> str | None:
    """Return the field that an error belongs to; None for the form as a whole."""
    field = next((name for kind, name in FIELDS if isinstance(error, kind)), None)
    return field if field in form.fields else None


def words(error: ApplicationError) -> str:
    """Return the error in the reader's language."""
    if isinstance(error, ReauthenticationRequired):
        if error.detail == NOT_RIGHT:
            return _("This is not your password.")
        return _("Type your password: your sign-in is more than ten minutes old.")
    if isinstance(error, Throttled):
        return _pause(error.headers.get("Retry-After", ""))
    return _(error.detail)


def _pause(seconds: str) -> str:
    """Return when to try again, in whole minutes; the header has the seconds."""
    if not seconds.isdecimal():
        return _(Throttled().detail)
    minutes = max(1, math.ceil(int(seconds) / 60))
    return ngettext(
        "Too many requests. Wait a minute and try again.",
        "Too many requests. Wait %(count)d minutes and try again.",
        minutes,
    ) % {"count": minutes}


def query(values: Mapping[str, Any]) -> str:
    """Return the query of an address, without what is empty."""
    made = QueryDict(mutable=True)
    made.update({name: value for name, value in values.items() if value})
    return f"?{made.urlencode()}"

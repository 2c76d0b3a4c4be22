"""The rules for signing in: owners change them, administrators see what holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import clients, demands, factors, passwords, proof, sign_in_rules
from accounts.branding.rules import camel
from accounts.errors import SecondFactorFirst, SignInRulesInvalid
from accounts.forms import StorableCharField
from accounts.models import SecurityEvent, TenantBranding
from accounts.pages import answering
from accounts.pages.settings import page, show
from accounts.people_forms import current_password_field
from accounts.signed_in import person
from kernel.errors import ApplicationError, Forbidden

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Longer than any number that is in bounds; below what Python reads as a number.
MOST_DIGITS = 20


class NumberField(StorableCharField):
    """A whole number or nothing; whether it is in bounds is said by the rules."""

    def __init__(self, *, label: Any, field: str, default: int) -> None:
        least, most = sign_in_rules.BOUNDS[field]
        bounds = {"inputmode": "numeric", "min": least, "max": most, "step": 1}
        more = {"autocomplete": "off", "placeholder": default}
        widget = forms.NumberInput(attrs={**bounds, **more})
        super().__init__(
            label=label, required=False, max_length=MOST_DIGITS, widget=widget
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        is_number = text.isascii() and text.removeprefix("-").isdigit()
        return (int(text) if is_number else text) if text else None


class RulesForm(forms.Form):
    """What is demanded; the values are judged by the rules and not here."""

    require_mfa = forms.BooleanField(
        label=gettext_lazy("Everybody needs a second factor"), required=False
    )
    session_idle_hours = NumberField(
        label=gettext_lazy("Hours that a device may rest"),
        field="session_idle_hours",
        default=demands.IDLE // HOUR,
    )
    session_longest_days = NumberField(
        label=gettext_lazy("Days that a sign-in lasts"),
        field="session_longest_days",
        default=demands.LONGEST // DAY,
    )
    current_password = current_password_field()
    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)

    def refuse(self, error: ApplicationError) -> None:
        """Put what was refused to its field."""
        if isinstance(error, SignInRulesInvalid):
            by_name = {camel(name): name for name in self.fields}
            for one in error.extra["errors"]:
                self.add_error(by_name[one["field"]], one["message"])
        elif isinstance(error, SecondFactorFirst):
            self.add_error("require_mfa", _(error.detail))
        else:
            answering.add_error(self, error)


@page(sign_in_rules.READ)
def index(request: HttpRequest) -> HttpResponse:
    """Show the rules; take new ones from an owner."""
    if request.method != "POST":
        return _show(request)
    if not person(request).may(sign_in_rules.CHANGE):
        raise Forbidden
    form = RulesForm(request.POST)
    if form.is_valid():
        try:
            _change(request, form.cleaned_data)
        except ApplicationError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The rules are saved and hold from now on."))
            return redirect("accounts:sign-in-rules")
    return _show(request, form)


def _change(request: HttpRequest, typed: Mapping[str, Any]) -> None:
    proof.require(request, typed["current_password"])
    sign_in_rules.change(
        {field: typed[field] for field in sign_in_rules.FIELDS},
        by=person(request),
        via=SecurityEvent.Via.SESSION,
        client=clients.prefix(request),
        version=typed["version"],
    )


def _show(request: HttpRequest, form: RulesForm | None = None) -> HttpResponse:
    by, row = person(request), sign_in_rules.standing()
    return show(
        request,
        "sign_in_rules",
        status=answering.status_of(form) if form else 200,
        heading=_("Sign-in rules"),
        lead=_("What this workspace asks of everybody who signs in."),
        form=(form or _form_of(row)) if by.may(sign_in_rules.CHANGE) else None,
        has_own_factor=factors.is_enrolled(by),
        needs_password=not proof.is_recent(request),
        **_facts(row),
    )


def _form_of(row: TenantBranding) -> RulesForm:
    values = sign_in_rules.values_of(row)
    return RulesForm(initial={**values, "version": sign_in_rules.version_of(row)})


def _facts(row: TenantBranding) -> dict[str, Any]:
    """Return what holds at present, in words."""
    rules = sign_in_rules.demands_of(row)
    return {
        "is_demanded": rules.second_factor,
        "rest": _words(rules.idle),
        "longest": _words(rules.longest),
        "shortest": passwords.shortest(),
        "without": factors.people_without().count(),
        "default_rest": demands.IDLE // HOUR,
        "default_longest": demands.LONGEST // DAY,
        "shortest_with": passwords.SHORTEST_WITH_FACTOR,
        "shortest_without": passwords.SHORTEST,
        "rest_with": _words(demands.IDLE_WITH_FACTORS),
        "longest_with": _words(demands.LONGEST_WITH_FACTORS),
    }


def _words(length: timedelta) -> str:
    """Return how long that is, in days from two days on."""
    if length % DAY or length < 2 * DAY:
        hours = length // HOUR
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", length // DAY) % {
        "count": length // DAY
    }

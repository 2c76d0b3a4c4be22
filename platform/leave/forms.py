"""The one form of the app: what somebody asks for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.errors import Invalid
from leave.models import LeaveRequest


def day(label: Any, hint: Any = "") -> forms.DateField:
    """Return a field for one day, shown as the browser's calendar."""
    return forms.DateField(
        label=label,
        help_text=hint,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": _("Choose a day."),
            "invalid": _("Write a day like 2026-08-03."),
        },
    )


class LeaveForm(forms.Form):
    """Kind, days and reason; the rules are those of `requests.check`."""

    kind = forms.ChoiceField(
        label=_("Kind of leave"),
        choices=LeaveRequest.Kind.choices,
        error_messages={"invalid_choice": _("Choose one of the kinds.")},
    )
    start_date = day(_("First day"))
    end_date = day(_("Last day"), _("The same day for a single day."))
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        help_text=_("Whoever decides reads it; at most 1,000 characters."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def values(self) -> dict[str, Any]:
        """Return what was typed, under the names of the verbs in `requests`."""
        typed = self.cleaned_data
        return {
            "kind": typed["kind"],
            "start": typed["start_date"],
            "end": typed["end_date"],
            "reason": typed["reason"],
        }

    def refuse(self, error: Invalid) -> None:
        """Show a refusal at the field that it is about."""
        problems = error.extra.get("errors", [{}])
        field = problems[0].get("field")
        self.add_error(field if field in self.fields else None, error.detail)


def form_of(request: LeaveRequest) -> LeaveForm:
    """Return the form with what was asked for."""
    return LeaveForm(
        initial={
            "kind": request.kind,
            "start_date": request.start_date,
            "end_date": request.end_date,
            "reason": request.reason,
        }
    )

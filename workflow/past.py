"""An instance as it was at an instant, as a page shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflow import graph, history
from workflow.errors import InstantInvalid
from workflow.models import ProcessInstance
from workflow.story import Standing

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One work item as it was, as `workflow/partials/past_row.html` shows it."""

    what: str
    state: str
    who: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """How an instance stood; without a `state` it was not there yet."""

    at: datetime
    state: Standing | None
    rows: list[Row]
    columns: list[dict[str, str]]


class AtForm(forms.Form):
    """Asks for an instant, in the time zone of the reader."""

    at = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}
        ),
        error_messages={
            "invalid": gettext_lazy("Write a day and a time like 2026-08-03 10:00.")
        },
    )

    def clean_at(self) -> datetime:
        """Return the end of the minute: the history beside it tells no seconds."""
        try:
            at = history.known(self.cleaned_data["at"])
        except InstantInvalid as refusal:
            raise forms.ValidationError(refusal.detail) from None
        return at if at.second else at + MINUTE - timedelta(microseconds=1)


def asked_for(request: HttpRequest) -> AtForm:
    """Return the form with the instant of the address, if there is one."""
    return AtForm(request.GET if request.GET.get("at") else None)


def as_it_was(instance: ProcessInstance, form: AtForm, *, reader: Any) -> Past | None:
    """Return how an instance stood then; None where no instant is asked for."""
    if not form.is_valid():
        return None
    state = history.state_at(instance, form.cleaned_data["at"], reader=reader)
    version = graph.of(instance.process)
    holders = names_of({item.user_id for item in state.items} - {None})
    rows = [
        Row(
            version.node_of(item.activity_id).title,
            item.status,
            holders.get(item.user_id or 0, ""),
            item.since,
        )
        for item in state.items
        if version.node_of(item.activity_id).kind != "dummy"
    ]
    labels = (_("Work"), _("State"), _("With whom"), _("Since"))
    columns = [{"label": label} for label in labels]
    return Past(state.at, standing(state.status), rows, columns)


def standing(status: str | None) -> Standing | None:
    """Return the badge of an instance's state."""
    if status is None:
        return None
    words = {"initiated": _("Not started")}
    return Standing(status, words.get(status, ""))


def names_of(ids: set[Any]) -> dict[int, str]:
    people = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001 - Django's public name
    return {person.pk: person.display_name for person in people}

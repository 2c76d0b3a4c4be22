"""The page of what happened to accounts, the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from accounts import event_words
from accounts.event_words import KINDS, Words
from accounts.models import SecurityEvent, User
from accounts.pages import settings
from kernel import keyset
from kernel.numbers import LARGEST_ID, whole

PAGE = 50


@dataclass(frozen=True)
class Row:
    """One event with the people it names; None stands for the system."""

    event: SecurityEvent
    what: Words
    actor: User | None
    subject: User | None
    details: str


@settings.page("events.view")
def events(request: HttpRequest) -> HttpResponse:
    """Show the events: of one kind, of one person, or all."""
    kind, number = chosen(request)
    found = SecurityEvent.objects.filter(event_words.of_kind(kind))
    person = User.objects.filter(pk=number).first() if number else None
    if number:
        found = found.filter(subject=number) | found.filter(actor=number)
    page = keyset.newest(found, before=keyset.before_of(request), size=PAGE)
    return settings.show(
        request,
        "events",
        heading=_("Events"),
        lead=_("What happened to accounts here. Nobody can change these lines."),
        options=options(kind, number),
        columns=columns(),
        rows=rows(page),
        page=page,
        person=person,
        query=query(kind, number),
    )


def chosen(request: HttpRequest) -> tuple[str, int]:
    """Return the kind and the number of the person; what is none is left out."""
    kind = request.GET.get("show", "")
    number = whole(request.GET.get("person", "")) or 0
    return kind if kind in KINDS else "", min(number, LARGEST_ID)


def query(kind: str, number: int) -> str:
    """Return the beginning of a query that keeps what is chosen."""
    values = QueryDict(mutable=True)
    if kind:
        values["show"] = kind
    if number:
        values["person"] = str(number)
    return f"{values.urlencode()}&" if values else ""


def options(kind: str, number: int) -> list[dict[str, Any]]:
    """Return the options of `partials/segmented.html`."""
    every = [("", _("All")), *((name, label) for name, (label, _own) in KINDS.items())]
    return [
        {
            "label": label,
            "url": f"?{query(name, number).removesuffix('&')}",
            "active": name == kind,
        }
        for name, label in every
    ]


def columns() -> list[dict[str, Any]]:
    names = (_("What"), _("By"), _("About"), _("From"), _("When"))
    return [{"label": name} for name in names]


def rows(page: Iterable[SecurityEvent]) -> list[Row]:
    """Return the events with their people; one statement for all of them."""
    shown = list(page)
    numbers = {event.actor for event in shown} | {event.subject for event in shown}
    people = User.objects.in_bulk(numbers - {None})
    return [
        Row(
            event,
            event_words.words(event.name),
            people.get(event.actor or 0),
            people.get(event.subject or 0),
            ", ".join(f"{key}: {value}" for key, value in event.details.items()),
        )
        for event in shown
    ]

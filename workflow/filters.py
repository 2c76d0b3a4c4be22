"""What the lists of the API can be narrowed by; an unknown filter is refused.

A value that cannot be read is a 400, never an empty list.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from kernel.text import storable
from workflow.errors import PageInvalid
from workflow.models import ProcessInstance, Timer, WorkItem
from workflow.models.work_item import STATUSES
from workflow.paging import number

Narrow = Callable[[Any, Any], Any]

LONGEST_WORDS: Final = 100
NO_INSTANT: Final = "{} is an instant with its zone, such as 2026-01-31T12:00Z."
#: The seed's word for an instance that runs and is being worked on.
ACTIVE: Final = "active"


def narrowed(
    request: HttpRequest, rows: QuerySet[Any], filters: Mapping[str, "Filter"]
) -> QuerySet[Any]:
    """Return the rows that the filters of the address leave. Raises PageInvalid."""
    for name, one in filters.items():
        if name in request.GET:
            rows = one.narrow(rows, one.read(request, name))
    return rows


class Filter:
    """How a parameter is read, and what it leaves of the rows."""

    def __init__(self, read: Callable[[HttpRequest, str], Any], narrow: Narrow) -> None:
        self.read = read
        self.narrow = narrow


def column(name: str) -> Narrow:
    """Narrow by a column, or by a look-up of Django's such as `priority__gte`."""
    return lambda rows, value: rows.filter(**{name: value})


def instant(request: HttpRequest, name: str) -> datetime:
    """Return an instant with its zone (ISO 8601). Raises PageInvalid."""
    # A plus sign in an address is a space.
    raw = str(request.GET[name]).replace(" ", "+")
    try:
        found = datetime.fromisoformat(raw)
        in_utc = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PageInvalid(NO_INSTANT.format(name)) from None
    if found.tzinfo is None:
        raise PageInvalid(NO_INSTANT.format(name))
    return in_utc


def whole(request: HttpRequest, name: str) -> int | None:
    return number(request, name)


def words(request: HttpRequest, name: str) -> str:
    """Return what is searched for. Raises PageInvalid."""
    text = request.GET[name].strip()
    if not 0 < len(text) <= LONGEST_WORDS or not storable(text):
        raise PageInvalid(f"{name} is a few words.")
    return text


def one_of(*known: str) -> Callable[[HttpRequest, str], list[str]]:
    """Read a word of a list, as often as it is given."""

    def read(request: HttpRequest, name: str) -> list[str]:
        given = request.GET.getlist(name)
        if not set(given) <= set(known):
            raise PageInvalid(f"{name} is one of {', '.join(known)}.")
        return given

    return read


def due_before(rows: Any, at: datetime) -> Any:
    due = Timer.objects.pending().filter(
        workitem=OuterRef("pk"), kind=Timer.Kind.TIMEOUT, due_at__lt=at
    )
    return rows.filter(Exists(due))


def titled(*columns: str) -> Narrow:
    """Search words in columns, whatever their case."""

    def narrow(rows: Any, text: str) -> Any:
        parts = [(f"{name}__icontains", text) for name in columns]
        return rows.filter(Q(*parts, _connector=Q.OR))

    return narrow


def in_states(rows: Any, states: list[str]) -> Any:
    """Narrow instances by state; `active` is running with work that has begun."""
    begun = WorkItem.objects.filter(instance=OuterRef("pk"), status="active")
    stored = Q(status__in=[state for state in states if state != ACTIVE])
    if ACTIVE in states:
        stored |= Q(Exists(begun), status=ProcessInstance.Status.RUNNING)
    return rows.filter(stored)


WORK_ITEMS: Final = {
    "status": Filter(one_of(*STATUSES), column("status__in")),
    "process": Filter(whole, column("instance__process_id")),
    "activity": Filter(whole, column("activity_id")),
    "instance": Filter(whole, column("instance_id")),
    "user": Filter(whole, column("user_id")),
    "priority_min": Filter(whole, column("priority__gte")),
    "due_before": Filter(instant, due_before),
    "created_after": Filter(instant, column("created_at__gt")),
    "updated_after": Filter(instant, column("date__gt")),
    "q": Filter(words, titled("instance__title", "activity__title")),
}

INSTANCES: Final = {
    "status": Filter(one_of(*ProcessInstance.Status.values, ACTIVE), in_states),
    "process": Filter(whole, column("process_id")),
    "user": Filter(whole, column("user_id")),
    "priority_min": Filter(whole, column("priority__gte")),
    "created_after": Filter(instant, column("creationTime__gt")),
    "q": Filter(words, titled("title")),
}

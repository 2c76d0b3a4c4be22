"""How an instance stood at an instant, told from its chain of events alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Max
from django.utils import timezone

from workflow.errors import InstantInvalid
from workflow.graph import Graph
from workflow.models import AuditEvent, ProcessInstance
from workflow.models.work_item import LIVE

#: Years of which every instant can be told in every time zone, and stored.
YEARS: Final = range(1900, 9000)
#: These say in `user_id` who holds the work item from then on.
HANDED: Final = frozenset(
    {
        "workitem.assigned",
        "workitem.reassigned",
        "workitem.delegated",
        "workitem.returned",
    }
)
#: What a suspended instance suspends with it.
MAY_PAUSE: Final = frozenset({"blocked", "inactive", "active"})


@dataclass(frozen=True, slots=True)
class Item:
    """A work item as it was: its state since when, and who held it."""

    id: int
    activity_id: int
    status: str
    since: datetime
    user_id: int | None = None
    #: Its token has gone on.
    is_forwarded: bool = False
    #: Its state before the instance was suspended.
    paused: str = ""

    @property
    def is_live(self) -> bool:
        """Whether a token stood here that was not done with."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class State:
    """An instance as it was; without a status it was not there yet."""

    at: datetime
    status: str | None
    items: tuple[Item, ...]

    @property
    def live(self) -> tuple[Item, ...]:
        """The work items that held a token."""
        return tuple(item for item in self.items if item.is_live)

    def tokens(self, version: Graph) -> dict[str, int]:
        """Return how many tokens stood where, by the key of the activity.

        A completed work item keeps its token until it is forwarded, but at the end.
        """
        found = Counter(version.key_of(item.activity_id) for item in self.live)
        for item in self.items:
            key = version.key_of(item.activity_id)
            waits = item.status == "complete" and not item.is_forwarded
            found[key] += waits and key != version.end
        return dict(+found)


def state_at(instance: ProcessInstance, at: datetime, *, reader: Any = None) -> State:
    """Return how an instance stood at an instant, as far as `reader` may see it.

    What happened at the instant itself has happened.
    """
    events = AuditEvent.objects.of_instance(instance.pk).visible_to(reader)
    # Clocks of two machines may differ: no event is left out of the middle.
    last = events.filter(created_at__lte=at).aggregate(seq=Max("seq"))["seq"]
    return replayed(events.filter(seq__lte=last or 0), at=at)


def replayed(events: Iterable[AuditEvent], *, at: datetime) -> State:
    """Return the state that events lead to, which come in their order."""
    status: str | None = None
    items: dict[int, Item] = {}
    for event in events:
        if event.workitem_id is not None:
            items[event.workitem_id] = after(items.get(event.workitem_id), event)
            continue
        status = event.status_to or status or ProcessInstance.Status.INITIATED.value
        if event.action in OF_ALL:
            change = OF_ALL[event.action]
            items = {key: change(item, event.created_at) for key, item in items.items()}
    return State(at, status, tuple(items[key] for key in sorted(items)))


def after(item: Item | None, event: AuditEvent) -> Item:
    """Return a work item as an event left it."""
    if item is None:
        item = Item(
            event.workitem_id or 0, event.activity_id or 0, "", event.created_at
        )
    status = event.status_to or ("inactive" if retried(item, event) else item.status)
    if status != item.status:
        item = replace(item, status=status, since=event.created_at)
    if event.action in HANDED:
        return replace(item, user_id=event.metadata.get("user_id"))
    if event.action == "workitem.activated":
        return replace(item, user_id=event.actor_id)
    if event.action == "workitem.released":
        return replace(item, user_id=None)
    if event.action == "workitem.forwarded":
        return replace(item, is_forwarded=True)
    return item


def retried(item: Item, event: AuditEvent) -> bool:
    """Tell whether work that had fallen out was begun again."""
    return item.status == "fallout" and event.action == "incident.retried"


# What happens to all work items with their instance


def suspended(item: Item, at: datetime) -> Item:
    if item.status not in MAY_PAUSE:
        return item
    return replace(item, status="suspended", paused=item.status, since=at)


def resumed(item: Item, at: datetime) -> Item:
    if item.status != "suspended":
        return item
    return replace(item, status=item.paused or "inactive", paused="", since=at)


def cancelled(item: Item, at: datetime) -> Item:
    return replace(item, status="cancelled", since=at) if item.is_live else item


OF_ALL: Final = {
    "instance.suspended": suspended,
    "instance.resumed": resumed,
    "instance.terminated": cancelled,
}


def instant(text: str) -> datetime:
    """Return the instant that a text names, as ISO 8601.

    A date is its beginning; without an offset it is of the time zone in force.
    Raises InstantInvalid.
    """
    if "T" in text:
        # A plus that was not quoted arrives in an address as a space.
        text = text.replace(" ", "+")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InstantInvalid from None
    return known(found)


def period(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    """Return the ends of a time; an empty text leaves it open.

    Raises InstantInvalid, also where it would end before it begins.
    """
    begin = instant(since) if since else None
    end = instant(until) if until else None
    if begin is not None and end is not None and begin >= end:
        raise InstantInvalid("`since` has to be before `until`.")
    return begin, end


def known(found: datetime) -> datetime:
    """Return an instant in the time zone in force. Raises InstantInvalid."""
    if found.year not in YEARS:
        raise InstantInvalid
    return found if timezone.is_aware(found) else timezone.make_aware(found)

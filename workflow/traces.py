"""What events mean to process mining: decided on the events alone.

The words are those of the standard lifecycle of XES (IEEE 1849).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflow.models import AuditEvent

#: What happened to a work item.
OF_ITEM: Final = {
    "workitem.created": "schedule",
    "workitem.assigned": "assign",
    "workitem.activated": "start",
    "workitem.completed": "complete",
    "workitem.reassigned": "reassign",
    "workitem.delegated": "reassign",
    "workitem.returned": "reassign",
    "workitem.timeout": "ate_abort",
    "workitem.cancelled": "pi_abort",
    "incident.skipped": "manualskip",
}
#: What happened to an instance.
OF_INSTANCE: Final = {
    "instance.created": "schedule",
    "process.started": "start",
    "instance.suspended": "suspend",
    "instance.resumed": "resume",
    "instance.terminated": "pi_abort",
    "instance.status_changed": "complete",
}
#: These happen to its open work items as well.
OF_ALL: Final = frozenset({"instance.suspended", "instance.resumed"})
#: After these a work item is not open.
CLOSING: Final = frozenset(
    {
        "workitem.completed",
        "workitem.timeout",
        "workitem.cancelled",
        "workitem.fallout",
    }
)
#: Who is named is the one who gets the work, and not who gives it.
GIVEN: Final = frozenset({"assign", "reassign"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a trace; `activity_id` is None for one of the instance itself."""

    activity_id: int | None
    workitem_id: int | None
    lifecycle: str
    at: datetime
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Child:
    """When the first child instance of a subflow's work item began."""

    workitem_id: int
    activity_id: int
    at: datetime


def entries(
    events: Iterable[AuditEvent],
    *,
    children: Iterable[Child] = (),
    with_instance: bool = False,
) -> Iterator[Entry]:
    """Yield the trace of an instance from its events.

    A subflow's work item starts when its child does.
    """
    waiting = sorted(children, key=lambda child: child.at)
    subflows = {child.workitem_id for child in waiting}
    is_open: dict[int, int] = {}
    for event in events:
        while waiting and waiting[0].at < event.created_at:
            yield begun(waiting.pop(0))
        if event.workitem_id is None:
            if with_instance:
                yield from of_instance(event)
            yield from of_all(event, is_open)
            continue
        remember(event, is_open)
        if event.action != "workitem.activated" or event.workitem_id not in subflows:
            yield from of_item(event)
    yield from map(begun, waiting)


def begun(child: Child) -> Entry:
    return Entry(child.activity_id, child.workitem_id, "start", child.at, None)


def of_item(event: AuditEvent) -> Iterator[Entry]:
    word = OF_ITEM.get(event.action)
    if word is None or event.metadata.get("vetoed"):
        return
    user_id = event.actor_id
    if word in GIVEN:
        user_id = event.metadata.get("user_id")
    yield Entry(event.activity_id, event.workitem_id, word, event.created_at, user_id)


def of_instance(event: AuditEvent) -> Iterator[Entry]:
    word = OF_INSTANCE.get(event.action)
    if word is not None and (word != "complete" or event.status_to == "complete"):
        yield Entry(None, None, word, event.created_at, event.actor_id)


def of_all(event: AuditEvent, is_open: Mapping[int, int]) -> Iterator[Entry]:
    if event.action in OF_ALL:
        word = OF_INSTANCE[event.action]
        for item, activity in is_open.items():
            yield Entry(activity, item, word, event.created_at, event.actor_id)


def remember(event: AuditEvent, is_open: dict[int, int]) -> None:
    """Keep in mind which work items are open, and at which activity."""
    item, activity = event.workitem_id, event.activity_id
    if item is None or activity is None:
        return
    if event.action in CLOSING and not event.metadata.get("vetoed"):
        is_open.pop(item, None)
    elif event.action in {"workitem.created", "incident.retried"}:
        is_open[item] = activity

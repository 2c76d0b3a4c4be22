"""An instance as a person reads it: where it stands, and what happened."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from workflow import graph
from workflow.models import AuditEvent, ProcessInstance, WorkItem
from workflow.routing import Marking

#: What the timeline tells; everything else is for auditors.
ICONS = {
    "process.started": ("send", "info"),
    "workitem.assigned": ("user", ""),
    "workitem.activated": ("circle-dot", ""),
    "workitem.completed": ("circle-check", "good"),
    "workitem.timeout": ("clock", "warn"),
    "workitem.fallout": ("triangle-alert", "bad"),
    "workitem.blocked": ("hourglass", ""),
    "instance.status_changed": ("flag", "good"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline."""

    at: datetime
    title: str
    icon: str
    tone: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One activity on the way, and whether the token is there, was there or not yet."""

    label: str
    state: str
    who: str


def timeline(instance: ProcessInstance) -> list[Entry]:
    """Return what happened, the latest first."""
    events = AuditEvent.objects.of_instance(instance.pk).filter(action__in=ICONS)
    version = graph.of(instance.process)
    titles = {node.id: node.title for node in version.nodes.values()}
    hidden = {node.id for node in version.nodes.values() if node.kind == "dummy"}
    people = names(events)
    told = (
        entry(event, titles, people, version)
        for event in events
        if event.activity_id not in hidden
    )
    return [one for one in told if one is not None][::-1]


def names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return how the people whom the events mention are called."""
    from django.contrib.auth import get_user_model

    ids = {event.metadata.get("user_id") for event in events} - {None}
    people = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001 - Django's public name
    return {person.pk: person.display_name for person in people}


def entry(
    event: AuditEvent,
    titles: dict[int, str],
    people: dict[int, str],
    version: graph.Graph,
) -> Entry | None:
    """Return an event in words, or None where it says nothing to a reader."""
    words = sentence(event, titles, people, version)
    if not words:
        return None
    icon, tone = ICONS[event.action]
    text = event.metadata.get("message", "") or event.metadata.get("comment", "")
    return Entry(event.created_at, words, icon, tone, str(text))


def sentence(  # noqa: PLR0911 - one line for each kind of event
    event: AuditEvent,
    titles: dict[int, str],
    people: dict[int, str],
    version: graph.Graph,
) -> str:
    who = event.actor_label
    what = titles.get(event.activity_id or 0, "")
    match event.action:
        case "process.started":
            return _("%(who)s started this") % {"who": who}
        case "workitem.assigned" if event.metadata.get("mode") == "push":
            name = people.get(event.metadata.get("user_id", 0), "")
            return _("%(what)s went to %(who)s") % {"what": what, "who": name}
        case "workitem.activated":
            return _("%(who)s began: %(what)s") % {"who": who, "what": what}
        case "workitem.completed":
            answer = answered(event, version)
            if answer:
                return _("%(who)s: %(answer)s") % {"who": who, "answer": answer}
            return _("%(who)s finished: %(what)s") % {"who": who, "what": what}
        case "workitem.timeout":
            return _("%(what)s took too long") % {"what": what}
        case "workitem.fallout":
            return _("%(what)s needs help") % {"what": what}
        case "workitem.blocked":
            return _("%(what)s waits for others") % {"what": what}
        case "instance.status_changed" if event.status_to == "complete":
            return _("Done")
    return ""


def answered(event: AuditEvent, version: graph.Graph) -> str:
    """Return the words of the button that was pressed."""
    value = event.metadata.get("condition")
    if value is None or event.activity_id is None:
        return ""
    offered = version.outcomes(version.key_of(event.activity_id))
    return next((one.label for one in offered if one.value == value), "")


def places(instance: ProcessInstance) -> list[Place]:
    """Return the way of an instance: what was done, where it is, what usually follows.

    Ways that were not taken, such as a refusal, are left out.
    """
    version = graph.of(instance.process)
    items: dict[str, list[WorkItem]] = defaultdict(list)
    for item in instance.workitems.select_related("user").order_by("id"):
        items[version.key_of(item.activity_id)].append(item)
    keys = dict.fromkeys(items)
    if instance.is_open:
        for key in Marking.from_json(instance.marking).at:
            keys.update(dict.fromkeys(usual_way(version, key)))
    shown = (version.nodes[key] for key in keys)
    return [place(node, items[node.key]) for node in shown if node.kind != "dummy"]


def usual_way(version: graph.Graph, key: str) -> list[str]:
    """Return what follows an activity if each takes its first way."""
    found: list[str] = []
    while key not in found and key != version.end:
        found.append(key)
        key = version.ways(key)[0].target
    return found[1:]


def place(node: Any, items: list[WorkItem]) -> Place:
    last = items[-1] if items else None
    if last is None:
        return Place(node.title, "waiting", "")
    who = last.user.display_name if last.user else ""
    if last.status == WorkItem.Status.FALLOUT:
        return Place(node.title, "failed", who)
    is_done = last.status in {"complete", "expired", "cancelled"}
    return Place(node.title, "done" if is_done else "current", who)


def standing(instance: ProcessInstance) -> list[str]:
    """Return where an open instance stands, in words; uses what was prefetched."""
    if not instance.is_open:
        return []
    return [
        _("%(activity)s with %(who)s")
        % {"activity": item.activity.title, "who": item.user.display_name}
        if item.user
        else item.activity.title
        for item in instance.workitems.all()
        if item.status in {"inactive", "active", "blocked", "fallout"}
    ]

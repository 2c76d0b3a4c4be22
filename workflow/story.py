"""An instance as a person reads it: where it stands, and what happened."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from workflow import answers, documents, graph, tenancy
from workflow.models import AuditEvent, ProcessInstance, WorkItem
from workflow.models.work_item import LIVE
from workflow.routing import Marking

#: What the timeline tells; everything else is for auditors.
ICONS = {
    "process.started": ("send", "info"),
    "workitem.assigned": ("user", ""),
    "workitem.activated": ("circle-dot", ""),
    "workitem.released": ("undo-2", ""),
    "workitem.reassigned": ("user", ""),
    "workitem.delegated": ("user", ""),
    "workitem.returned": ("undo-2", ""),
    "workitem.completed": ("circle-check", "good"),
    "workitem.timeout": ("clock", "warn"),
    "workitem.fallout": ("triangle-alert", "bad"),
    "workitem.blocked": ("hourglass", ""),
    "incident.skipped": ("circle-check", ""),
    "instance.suspended": ("hourglass", ""),
    "instance.resumed": ("send", ""),
    "instance.terminated": ("x", "warn"),
    "instance.status_changed": ("flag", "good"),
}


#: What it says, where names are all that is needed.
WORDS = {
    "process.started": gettext_noop("%(who)s started this"),
    "workitem.assigned": gettext_noop("%(what)s went to %(other)s"),
    "workitem.activated": gettext_noop("%(who)s began: %(what)s"),
    "workitem.released": gettext_noop("%(who)s gave back: %(what)s"),
    "workitem.reassigned": gettext_noop("%(who)s gave to %(other)s: %(what)s"),
    "workitem.delegated": gettext_noop("%(who)s asked %(other)s to do: %(what)s"),
    "workitem.returned": gettext_noop("%(who)s handed back to %(other)s: %(what)s"),
    "workitem.timeout": gettext_noop("%(what)s took too long"),
    "workitem.fallout": gettext_noop("%(what)s needs help"),
    "workitem.blocked": gettext_noop("%(what)s waits for others"),
    "incident.skipped": gettext_noop("%(who)s did by hand: %(what)s"),
    "instance.suspended": gettext_noop("%(who)s paused this"),
    "instance.resumed": gettext_noop("%(who)s let this go on"),
    "instance.terminated": gettext_noop("%(who)s cancelled this"),
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
    who: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A badge: a state that `partials/badge.html` knows, its words and its tone."""

    state: str
    label: str
    tone: str = ""


def timeline(instance: ProcessInstance, *, reader: Any) -> list[Entry]:
    """Return what happened, the oldest first."""
    told_of = AuditEvent.objects.of_instance(instance.pk).filter(action__in=ICONS)
    events = list(told_of.visible_to(reader))
    version = graph.of(instance.process)
    people = names(events)
    finished = {
        event.workitem_id for event in events if event.action == "workitem.completed"
    }
    entries = (
        entry(event, people, version)
        for event in events
        if is_news(event, version, finished)
    )
    return [one for one in entries if one is not None]


def is_news(event: AuditEvent, version: graph.Graph, finished: set[int | None]) -> bool:
    """Say whether a reader wants to know: no gateways, no start of what is finished."""
    if event.activity_id and version.node_of(event.activity_id).kind == "dummy":
        return False
    begins = event.action == "workitem.activated"
    return not (begins and event.workitem_id in finished)


def names(events: Iterable[AuditEvent]) -> dict[int, str]:
    """Return how the people whom the events mention are called."""
    from django.contrib.auth import get_user_model

    ids = {event.metadata.get("user_id") for event in events} - {None}
    people = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001 - Django's public name
    return {person.pk: person.display_name for person in people}


def entry(
    event: AuditEvent, people: dict[int, str], version: graph.Graph
) -> Entry | None:
    """Return an event in words, or None where it says nothing to a reader."""
    words = sentence(event, people, version)
    if not words:
        return None
    icon, tone = ICONS[event.action]
    if event.metadata.get("condition") in answers.REFUSING:
        icon, tone = "circle-x", "bad"
    return Entry(event.created_at, words, icon, tone, told(event, version))


def told(event: AuditEvent, version: graph.Graph) -> str:
    """Return what stands below the words: a message, a comment or a reason.

    What was handed back also tells the answer, which no button says any more.
    """
    said = (event.metadata.get(name) for name in ("message", "comment", "reason"))
    text = str(next(filter(None, said), ""))
    outcome = event.metadata.get("condition")
    if event.action != "workitem.returned" or not event.activity_id or outcome is None:
        return text
    key = version.key_of(event.activity_id)
    answer = answers.words(version, key, outcome) or outcome
    return " · ".join(filter(None, (answer, text)))


def sentence(event: AuditEvent, people: dict[int, str], version: graph.Graph) -> str:
    if event.action == "workitem.completed":
        return completed(event, version)
    if event.action == "instance.status_changed":
        return _("Done") if event.status_to == "complete" else ""
    if event.action == "workitem.assigned" and event.metadata.get("mode") != "push":
        return ""
    return _(WORDS[event.action]) % {
        "who": event.actor_label,
        "other": people.get(event.metadata.get("user_id", 0), ""),
        "what": version.node_of(event.activity_id).title if event.activity_id else "",
    }


def completed(event: AuditEvent, version: graph.Graph) -> str:
    """Return who finished a piece of work, in the words of the button they pressed."""
    if event.activity_id is None:
        return ""
    node = version.node_of(event.activity_id)
    if node.is_automatic:
        return _("Done automatically: %(what)s") % {"what": node.title}
    answer = answers.words(version, node.key, event.metadata.get("condition"))
    if answer:
        return _("%(who)s: %(answer)s") % {"who": event.actor_label, "answer": answer}
    return _("%(who)s finished: %(what)s") % {
        "who": event.actor_label,
        "what": node.title,
    }


def places(instance: ProcessInstance, *, reader: Any) -> list[Place]:
    """Return the way of an instance: what was done, where it is, what usually follows.

    Ways that were not taken, such as a refusal, are left out.
    """
    version = graph.of(instance.process)
    items: dict[str, list[WorkItem]] = defaultdict(list)
    seen = tenancy.filtered(instance.workitems.select_related("user"), user=reader)
    for item in seen.order_by("id"):
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
        return Place(node.title, "waiting")
    who = last.user.display_name if last.user else ""
    if last.status == WorkItem.Status.FALLOUT:
        return Place(node.title, "failed", who)
    is_done = last.status in {"complete", "expired", "cancelled"}
    return Place(node.title, "done" if is_done else "current", who)


def live(instance: ProcessInstance) -> list[WorkItem]:
    """Return the work items that hold a token; uses what was prefetched."""
    if not instance.is_open:
        return []
    return [item for item in instance.workitems.all() if item.status in LIVE]


def activities(instance: ProcessInstance) -> list[str]:
    """Return what is being done for an instance now; uses what was prefetched."""
    return list(dict.fromkeys(item.activity.title for item in live(instance)))


def standing(instance: ProcessInstance, document: Any, *, reader: Any) -> Standing:
    """Return where an instance stands: with whom, what is wrong, or how it ended.

    Uses what was prefetched: work items, their holders and their groups.
    """
    if not instance.is_open:
        return ending(instance, document)
    items = live(instance)
    if any(item.status == WorkItem.Status.FALLOUT for item in items):
        return Standing("fallout", _("Needs help"))
    if instance.status == ProcessInstance.Status.SUSPENDED:
        return Standing("suspended", _("Paused"))
    if any(item.user_id == reader.pk and item.is_open for item in items):
        return Standing("held", _("Waits for you"), "accent")
    return whose([item for item in items if item.is_open])


def whose(items: list[WorkItem]) -> Standing:
    """Return for whom an instance waits."""
    people = list(dict.fromkeys(item.user.display_name for item in items if item.user))
    groups = groups_of(items)
    if people:
        names = among([*people, *groups])
        return Standing("waiting", _("Waiting for %(names)s") % {"names": names})
    if groups:
        return Standing("waiting", _("At %(groups)s") % {"groups": among(groups)})
    if any(not item.activity.autostart for item in items):
        return Standing("waiting", _("Open to everybody"))
    return Standing("running", _("At work"))


def groups_of(items: list[WorkItem]) -> list[str]:
    """Return the groups whose people may take what nobody holds."""
    roles = (
        role for item in items if not item.user_id for role in item.pull_roles.all()
    )
    return sorted({role.name for role in roles})


def among(names: list[str]) -> str:
    """Return names in a sentence."""
    if len(names) == 1:
        return names[0]
    return _("%(names)s and %(last)s") % {
        "names": ", ".join(names[:-1]),
        "last": names[-1],
    }


def ending(instance: ProcessInstance, document: Any) -> Standing:
    """Return how an instance ended.

    A document whose field `status` has choices says it in its own words.
    """
    words = getattr(document, "get_status_display", None)
    if instance.status == ProcessInstance.Status.COMPLETE and words is not None:
        return Standing(str(document.status), str(words()))
    return Standing(instance.status, str(instance.get_status_display()).capitalize())


def documents_of(instances: Iterable[ProcessInstance]) -> dict[int, Any]:
    """Return the documents of instances by the instance, in one statement a model."""
    kinds: dict[int, list[ProcessInstance]] = defaultdict(list)
    for instance in instances:
        kinds[instance.content_type_id].append(instance)
    found: dict[int, Any] = {}
    for kind, members in kinds.items():
        model = documents.model_of(kind)
        if model is None:
            continue
        rows = model._base_manager.in_bulk([one.object_id for one in members])  # noqa: SLF001 - Django's public name
        by_text = {str(key): row for key, row in rows.items()}
        found.update({one.pk: by_text.get(one.object_id) for one in members})
    return found

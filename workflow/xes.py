"""Histories for process mining, as XES (IEEE 1849): one trace for each instance.

The document is made while it is read, some instances at a time.
Whoever did something has a pseudonym in it, the same in every export of the tenant;
only who may read the whole audit trail gets names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from itertools import groupby
from typing import Any, Final
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from django.contrib.auth import get_user_model
from django.db.models import Min, Q, QuerySet
from django.utils.crypto import salted_hmac

from tenants.context import context_uuid
from workflow import conf, traces
from workflow.models import Activity, AuditEvent, ProcessInstance
from workflow.traces import Child, Entry

TYPE: Final = "application/xml"
#: How many instances, and how many of their events, are read at once.
INSTANCES: Final = 100
EVENTS: Final = 1000
#: How long a part of the document is, about.
PART: Final = 65_536
EXTENSIONS: Final = (
    ("Concept", "concept"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
    ("Time", "time"),
)
#: What every trace and every event has.
OF_TRACES: Final = (("string", "concept:name"),)
OF_EVENTS: Final = (
    ("string", "concept:name"),
    ("string", "lifecycle:transition"),
    ("date", "time:timestamp"),
)
#: Stands for whoever is no person.
ENGINE: Final = "engine"
#: XML 1.0 has no way to write these.
FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Export:
    """What is exported: of some instances, as far as `reader` sees them.

    `with_names` is for who may read the whole audit trail: users by their names, and
    what people wrote about an instance.
    """

    name: str
    instances: "QuerySet[ProcessInstance]"
    reader: Any = None
    with_names: bool = False
    with_instance_events: bool = False
    #: What was written so far.
    traces: int = 0
    events: int = 0


def started_within(
    rows: "QuerySet[ProcessInstance]", since: datetime | None, until: datetime | None
) -> "QuerySet[ProcessInstance]":
    """Return the instances that started in a time, its end left out."""
    if since is not None:
        rows = rows.filter(creationTime__gte=since)
    if until is not None:
        rows = rows.filter(creationTime__lt=until)
    return rows


def written(export: Export) -> Iterator[bytes]:
    """Yield the document in parts, and count in `export` what is in it."""
    xml = Writer()
    names = Names(with_names=export.with_names)
    xml.begin(export.name)
    for page in pages(export.instances):
        for instance, entries in told(page, export, names):
            write_trace(xml, instance, export, names)
            for entry in entries:
                write_event(xml, instance, entry, names)
                export.events += 1
                if xml.is_long:
                    yield xml.taken()
            xml.close("trace")
            export.traces += 1
    xml.close("log")
    yield xml.taken()


def write_trace(
    xml: "Writer", instance: ProcessInstance, export: Export, names: "Names"
) -> None:
    """Open a trace, with what is to be said of the instance itself."""
    xml.open("trace")
    xml.put("string", "concept:name", instance.pk)
    xml.put("string", "process", instance.process.code)
    xml.put("int", "version", instance.process_version)
    xml.put("string", "status", instance.status)
    xml.put("string", "requester", names.of_user(instance.user_id))
    xml.put("date", "started", instance.creationTime.isoformat())
    if instance.closed_at is not None:
        xml.put("date", "ended", instance.closed_at.isoformat())
    if export.with_names:
        xml.put("string", "title", instance.title)
        if instance.condition:
            xml.put("string", "outcome", instance.condition)
        if instance.close_reason:
            xml.put("string", "close_reason", instance.close_reason)


def write_event(
    xml: "Writer", instance: ProcessInstance, entry: Entry, names: "Names"
) -> None:
    title = instance.process.title
    if entry.activity_id is not None:
        title = names.of_activity(entry.activity_id)
    xml.open("event")
    xml.put("string", "concept:name", title)
    if entry.workitem_id is not None:
        xml.put("string", "concept:instance", entry.workitem_id)
    xml.put("string", "lifecycle:transition", entry.lifecycle)
    xml.put("date", "time:timestamp", entry.at.isoformat())
    if entry.user_id is not None:
        xml.put("string", "org:resource", names.of_user(entry.user_id))
    xml.close("event")


class Writer:
    """Writes the elements of XES, and is emptied from time to time."""

    def __init__(self) -> None:
        self._text = StringIO()
        self._xml = XMLGenerator(self._text, "utf-8", short_empty_elements=True)

    @property
    def is_long(self) -> bool:
        return self._text.tell() > PART

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()

    def begin(self, name: str) -> None:
        """Open the document: extensions, what all traces and events have, its name."""
        self._xml.startDocument()
        values = {"xes.version": "1849-2016", "xes.features": ""}
        self.open("log", **values, xmlns="http://www.xes-standard.org/")
        for word, prefix in EXTENSIONS:
            uri = f"http://www.xes-standard.org/{prefix}.xesext"
            self.element("extension", name=word, prefix=prefix, uri=uri)
        for scope, attributes in (("trace", OF_TRACES), ("event", OF_EVENTS)):
            self.open("global", scope=scope)
            for kind, key in attributes:
                unknown = "1970-01-01T00:00:00+00:00" if kind == "date" else "unknown"
                self.put(kind, key, unknown)
            self.close("global")
        self.element("classifier", name="Activity", keys="concept:name")
        keys = "concept:name lifecycle:transition"
        self.element("classifier", name="ActivityAndTransition", keys=keys)
        self.put("string", "concept:name", name)
        self.put("string", "lifecycle:model", "standard")

    def put(self, kind: str, key: str, value: object) -> None:
        """Write an attribute of the log, of a trace or of an event."""
        self.element(kind, key=key, value=FORBIDDEN.sub("\ufffd", str(value)))

    def element(self, name: str, /, **values: str) -> None:
        self._xml.startElement(name, AttributesImpl(values))
        self.close(name)

    def open(self, name: str, /, **values: str) -> None:
        self._xml.startElement(name, AttributesImpl(values))
        self._end_line()

    def close(self, name: str) -> None:
        self._xml.endElement(name)
        self._end_line()

    def _end_line(self) -> None:
        # Some programs read it line by line.
        self._xml.ignorableWhitespace("\n")


@dataclass(slots=True)
class Names:
    """How people and activities are called in an export."""

    with_names: bool
    _users: dict[int, str] = field(default_factory=dict)
    _activities: dict[int, str] = field(default_factory=dict)

    def of_user(self, user_id: int) -> str:
        return self._users.get(user_id) or pseudonym(user_id)

    def of_activity(self, activity_id: int) -> str:
        return self._activities.get(activity_id) or f"activity {activity_id}"

    def learn(
        self, users: Iterable[int | None], activities: Iterable[int | None] = ()
    ) -> None:
        """Look up what was not met before, in two statements at most."""
        self._learn_users({one for one in users if one is not None})
        new = {one for one in activities if one is not None} - self._activities.keys()
        if new:
            found = Activity.objects.filter(pk__in=new).values_list("pk", "title")
            self._activities.update(found)

    def _learn_users(self, ids: set[int]) -> None:
        new = ids - self._users.keys()
        if not new:
            return
        people = get_user_model()._default_manager.filter(pk__in=new)  # noqa: SLF001 - Django's public name
        named = dict(people.values_list("pk", "username"))
        for user_id in new:
            name = named.get(user_id)
            if name == conf.value("WF_USER_AUTO"):
                self._users[user_id] = ENGINE
            elif name and self.with_names:
                self._users[user_id] = name
            else:
                self._users[user_id] = pseudonym(user_id)


def pseudonym(user_id: int) -> str:
    """Return a word for a user: the same in each export of this tenant only."""
    secret = salted_hmac(f"{context_uuid()}:workflow.xes", str(user_id))
    return f"person-{secret.hexdigest()[:12]}"


# Reading


def pages(rows: "QuerySet[ProcessInstance]") -> Iterator[list[ProcessInstance]]:
    """Yield instances in the order of their numbers, some at a time."""
    rows = rows.select_related("process").order_by("pk")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:INSTANCES]):
        yield page
        last = page[-1].pk


def told(
    page: list[ProcessInstance], export: Export, names: Names
) -> Iterator[tuple[ProcessInstance, Iterator[Entry]]]:
    """Yield each instance with its trace, which has to be read before the next one."""
    ids = [instance.pk for instance in page]
    children = children_of(ids, names)
    names.learn([instance.user_id for instance in page])
    events = events_of(ids, export.reader, names)
    chains = groupby(events, key=lambda event: event.instance_id)
    nothing: tuple[int | None, Iterator[AuditEvent]] = (None, iter(()))
    number, chain = next(chains, nothing)
    for instance in page:
        has_events = number == instance.pk
        entries = traces.entries(
            chain if has_events else (),
            children=children[instance.pk],
            with_instance=export.with_instance_events,
        )
        yield instance, entries
        if has_events:
            number, chain = next(chains, nothing)


def events_of(ids: list[int], reader: Any, names: Names) -> Iterator[AuditEvent]:
    """Yield the events of some instances, chain by chain, some read at a time."""
    rows = AuditEvent.objects.filter(instance_id__in=ids).visible_to(reader)
    rows = rows.order_by("instance_id", "seq")
    instance_id, seq = 0, 0
    while True:
        beyond = Q(instance_id=instance_id, seq__gt=seq) | Q(
            instance_id__gt=instance_id
        )
        page = list(rows.filter(beyond)[:EVENTS])
        given = (event.metadata.get("user_id") for event in page)
        actors = (event.actor_id for event in page)
        names.learn([*given, *actors], [event.activity_id for event in page])
        yield from page
        if len(page) < EVENTS:
            return
        instance_id, seq = page[-1].instance_id or 0, page[-1].seq


def children_of(ids: list[int], names: Names) -> dict[int, list[Child]]:
    """Return the first children of the subflows of some instances, by instance."""
    begun = ProcessInstance.objects.filter(parent_workitem__instance__in=ids)
    rows = begun.values_list(
        "parent_workitem__instance", "parent_workitem", "parent_workitem__activity"
    ).annotate(at=Min("creationTime"))
    found: dict[int, list[Child]] = defaultdict(list)
    for instance_id, *child in rows.order_by():
        found[instance_id].append(Child(*child))
    names.learn((), [one.activity_id for many in found.values() for one in many])
    return found

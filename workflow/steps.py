"""One step of the engine: read, decide in memory, write in one statement.

A step is one transaction.
It reads instance and work item anew (under a row lock where GOFLOW_LOCK_STRATEGY is
`pessimistic`), collects what changes on a `Step`, and writes all of it at once.
Every write compares the version of the instance, so of two steps that read the same
state one writes and the other begins anew, in both strategies.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import OperationalError, connection, transaction
from django.db.models import BigIntegerField, Func, QuerySet, Value

from kernel import clock
from tenants import scheduler
from workflow import announcing, chain, conf, graph, sql, tenancy
from workflow.audit import label_of
from workflow.chain import Exact
from workflow.errors import (
    InstanceNotFound,
    WorkItemBusy,
    WorkItemConflict,
    WorkItemNotFound,
)
from workflow.graph import Edge, Graph, Node
from workflow.models import ProcessInstance, WorkItem
from workflow.routing import Marking

#: PostgreSQL's words for "waited too long for a row" and "two waited for each other".
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
#: The sequences that new rows get their numbers from.
ITEM_NUMBERS = "workflow_workitem_id_seq"
INSTANCE_NUMBERS = "workflow_processinstance_id_seq"
#: Work that is over, whatever was wrong with it.
DONE = frozenset({"complete", "expired", "cancelled"})
#: What a caller's own object shows after a call.
SHOWN = (
    "status",
    "user_id",
    "delegated_by_id",
    "returns",
    "condition",
    "date",
    "activated_at",
    "completed_at",
    "forwarded_at",
    "available_at",
    "attempts",
    "priority",
    "version",
)


class MovedOn(Exception):
    """The instance moved between the reading and the writing of a step."""


class PushFailed(Exception):
    """A push application raised; the step begins anew without it."""

    def __init__(self, activity: tuple[int, str]) -> None:
        #: The number of the version, and the key of the activity in it.
        self.activity = activity
        super().__init__(activity)


@dataclass
class Step:
    """What one step has read, and what it will write."""

    instance: ProcessInstance
    by: Any
    now: datetime
    #: The groups of whoever acts.
    groups: frozenset[int] = frozenset()
    item: WorkItem | None = None
    #: Activities whose push application raised in an earlier attempt.
    unpushable: frozenset[tuple[int, str]] = frozenset()
    changed: dict[int, WorkItem] = field(default_factory=dict)
    released: dict[int, WorkItem] = field(default_factory=dict)
    arrived: set[int] = field(default_factory=set)
    created: list[WorkItem] = field(default_factory=list)
    offered: list[dict[str, Any]] = field(default_factory=list)
    joined: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    armed: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    resolved: list[dict[str, Any]] = field(default_factory=list)
    #: Work items that the engine goes on with after the commit.
    automatic: list[int] = field(default_factory=list)
    #: Work items whose subflow this step brought to its end.
    returned: list[int] = field(default_factory=list)
    #: Transitions that were asked, with the answer, and those that were taken.
    evaluated: list[tuple[Edge, WorkItem, bool]] = field(default_factory=list)
    fired: list[tuple[Edge, WorkItem]] = field(default_factory=list)
    #: Numbers that were reserved for new work items while reading.
    spare: list[int] = field(default_factory=list)
    #: Steps of child instances that this one starts, written with it.
    children: list["Step"] = field(default_factory=list)

    @property
    def graph(self) -> Graph:
        return graph.of(self.instance.process)

    @property
    def marking(self) -> Marking:
        return Marking.from_json(self.instance.marking)

    @marking.setter
    def marking(self, marking: Marking) -> None:
        self.instance.marking = marking.as_json()

    @property
    def current(self) -> WorkItem:
        """The work item that the step is about."""
        if self.item is None:
            raise WorkItemNotFound
        return self.item

    @property
    def items(self) -> list[WorkItem]:
        """Every work item that the step makes or changes."""
        kept = [*self.changed.values(), *self.released.values(), *self.created]
        return [self.item, *kept] if self.item else kept

    @property
    def node(self) -> Node:
        """The activity that the work item stands at."""
        return self.graph.node_of(self.current.activity_id)

    # What changes

    def change(self, item: WorkItem, **values: Any) -> None:
        """Set columns of a work item that was read."""
        for name, value in values.items():
            setattr(item, name, value)
        item.date = self.now
        self.changed[item.pk] = item

    def release(self, item: WorkItem, *, arrived: bool) -> None:
        """Write a blocked work item, of which only the number is known.

        `arrived` says that it takes the outcome of this step's token.
        """
        self.released[item.pk] = item
        if arrived:
            self.arrived.add(item.pk)

    def numbers(self, count: int) -> list[int]:
        """Return numbers for new work items; a statement only where too few wait."""
        if count > len(self.spare):
            self.spare += new_ids(count - len(self.spare))
        taken, self.spare = self.spare[:count], self.spare[count:]
        return taken

    def end_timers(self, item: WorkItem, *, fired: int | None = None) -> None:
        """Take back what is pending for a work item, but for the timer that fired."""
        self.ended.append({"workitem_id": item.pk, "fired": fired, "only_fired": False})

    def finish_timer(self, item: WorkItem, timer_id: int) -> None:
        """Mark one timer as done and leave the others pending."""
        self.ended.append(
            {"workitem_id": item.pk, "fired": timer_id, "only_fired": True}
        )

    def arm(
        self, kind: str, item: WorkItem, due_at: datetime, edge: Edge | None = None
    ) -> None:
        """Set a timer for a work item, also of another instance."""
        self.armed.append(
            {
                "kind": kind,
                "workitem_id": item.pk,
                "instance_id": item.instance_id,
                "transition_id": edge.id if edge else None,
                "due_at": due_at,
                "created_at": self.now,
            }
        )

    def event(
        self,
        action: str,
        item: WorkItem | None = None,
        *,
        edge: Edge | None = None,
        moved: tuple[str, str] = ("", ""),
        **metadata: Any,
    ) -> None:
        """Append an audit event of the instance."""
        if not conf.value("GOFLOW_AUDIT_ENABLED"):
            return
        event = {
            "tenant_id": self.instance.tenant_id,
            "created_at": self.now,
            "action": action,
            "actor_id": self.by.pk if self.by else None,
            "process_id": self.instance.process_id,
            "instance_id": self.instance.pk,
            "workitem_id": item.pk if item else None,
            "activity_id": item.activity_id if item else None,
            "transition_id": edge.id if edge else None,
            "status_from": moved[0],
            "status_to": moved[1],
            "metadata": metadata,
            "seq": self.instance.audit_seq + 1,
            "prev_hash": self.instance.audit_head,
        }
        self.instance.audit_seq += 1
        self.instance.audit_head = chain.digest(event)
        label, digest = label_of(self.by), self.instance.audit_head
        self.events.append({**event, "hash": digest, "actor_label": label})

    def fall_out(
        self,
        item: WorkItem,
        *,
        before: str,
        kind: str,
        message: str,
        trace: str = "",
        attempts: int = 1,
    ) -> None:
        """Open an incident on a work item, which its caller makes `fallout`."""
        self.event(
            "workitem.fallout",
            item,
            moved=(before, "fallout"),
            kind=kind,
            message=message,
        )
        self.open_incident(
            item, kind=kind, message=message, trace=trace, attempts=attempts
        )

    def open_incident(
        self,
        item: WorkItem,
        *,
        kind: str,
        message: str,
        trace: str = "",
        attempts: int = 1,
    ) -> None:
        """Write down that somebody has to look, and have them told."""
        self.event("incident.opened", item, kind=kind, attempts=attempts)
        self.incidents.append(
            {
                "workitem_id": item.pk,
                "kind": kind,
                "message": message[:500],
                "trace": trace,
                "attempts": attempts,
                "opened_at": self.now,
            }
        )
        self.arm("alarm", item, self.now)

    def resolve_incident(
        self, item: WorkItem, *, resolution: str, reason: str = ""
    ) -> None:
        """Close the incident that is open on a work item, if there is one."""
        self.resolved.append(self._resolution(item, resolution, reason))

    def _resolution(
        self, item: WorkItem, resolution: str, reason: str = ""
    ) -> dict[str, Any]:
        return {
            "workitem_id": item.pk,
            "resolution": resolution,
            "reason": reason,
            "resolved_at": self.now,
            "resolved_by": self.by.pk if self.by else None,
        }

    def move_instance(self, status: str) -> None:
        """Change the status of the instance."""
        before = self.instance.status
        self.instance.status = status
        if not self.instance.is_open:
            self.instance.closed_at = self.now
        self.event("instance.status_changed", moved=(before, status))

    # Writing

    @property
    def says_something(self) -> bool:
        """Whether there is anything to write."""
        is_new = self.instance._state.adding  # noqa: SLF001 - where Django says whether a row is there
        changes = is_new or self.changed or self.released or self.created
        told = self.events or self.incidents or self.resolved
        return bool(changes or self.ended or self.armed or told)

    def write(self) -> None:
        """Write the step. Raises MovedOn where another one was faster."""
        stamp = tenancy.resolved(user=self.by)["tenant_id"]
        with connection.cursor() as cursor:
            cursor.execute(sql.text("write_step"), {"step": self._as_json(stamp)})
            moved, items = cursor.fetchone()
        if moved != 1 or items != len(self.changed) + len(self.released):
            raise MovedOn
        self.instance.version += 1
        self.instance._state.adding = False  # noqa: SLF001 - where Django says whether a row is there
        for item in (*self.changed.values(), *self.released.values()):
            item.version += 1
        for child in self.children:
            child.write()
        if self.armed:
            scheduler.arm(min(timer["due_at"] for timer in self.armed))
        announcing.after_commit(self)

    def _moved_on(self) -> list[dict[str, Any]]:
        """Return the closing of what may be open on work that goes on or is done."""
        said = {one["workitem_id"] for one in self.resolved}
        done = [item for item in self.changed.values() if item.status in DONE]
        freed = [item for item in self.released.values() if item.status != "fallout"]
        return [
            self._resolution(item, "moved_on")
            for item in (*done, *freed)
            if item.pk not in said
        ]

    def _as_json(self, stamp: str | None) -> str:
        instance = self.instance
        document = {
            "instance": {
                "id": instance.pk,
                "tenant_id": stamp,
                "version": instance.version,
                "status": instance.status,
                "condition": instance.condition,
                "marking": instance.marking,
                "data": instance.data,
                "closed_at": instance.closed_at,
                "audit_seq": instance.audit_seq,
                "audit_head": instance.audit_head,
                "born": _birth(instance) if instance._state.adding else None,  # noqa: SLF001 - where Django says whether a row is there
            },
            "changed": list(map(_columns, self.changed.values())),
            "released": [
                {**_columns(item), "arrived": item.pk in self.arrived}
                for item in self.released.values()
            ],
            "created": list(map(_columns, self.created)),
            "offered": self.offered,
            "joined": self.joined,
            "ended": self.ended,
            "armed": self.armed,
            "incidents": self.incidents,
            "resolved": [*self.resolved, *self._moved_on()],
            "events": self.events,
        }
        return json.dumps(document, cls=Exact)


def _birth(instance: ProcessInstance) -> dict[str, Any]:
    """Return what only a new instance has to say."""
    return {
        "org_id": instance.org_id,
        "title": instance.title,
        "process_id": instance.process_id,
        "process_version": instance.process_version,
        "user_id": instance.user_id,
        "created_at": instance.creationTime,
        "priority": instance.priority,
        "content_type_id": instance.content_type_id,
        "object_id": instance.object_id,
        "parent_workitem_id": instance.parent_workitem_id,
        "root_id": instance.root_id,
        "depth": instance.depth,
        "idempotency_key": instance.idempotency_key,
    }


def _columns(item: WorkItem) -> dict[str, Any]:
    return {
        field.attname: getattr(item, field.attname)
        for field in WorkItem._meta.concrete_fields  # noqa: SLF001 - Django's public name
    }


def new_ids(count: int) -> list[int]:
    """Reserve numbers for new work items, in one statement."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.text("new_items"), {"count": count})
        return [row[0] for row in cursor.fetchall()]


def groups_of(by: Any) -> ArraySubquery:
    """Return the groups of a person, as a column of another query."""
    membership = by.groups.through.objects.filter(user_id=by.pk)
    return ArraySubquery(membership.values("group_id"))


def with_all(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items with everything that a step reads of them."""
    return rows.select_related(
        "instance__process", "instance__user", "activity", "user"
    )


def reserved(sequence: str, count: int) -> Func:
    """Return new numbers of a sequence, as a column of another query."""
    return Func(
        Value(sequence),
        Value(count),
        template="ARRAY(SELECT nextval(%(expressions)s))",
        arg_joiner=") FROM generate_series(1, ",
        output_field=ArrayField(BigIntegerField()),
    )


def read(item_id: int, *, by: Any, spare: int = 0) -> Step:
    """Read a work item and its instance anew, in one statement.

    `spare` is how many new work items the step will likely make: their numbers are
    reserved with it. Raises WorkItemNotFound.
    """
    rows = with_all(tenancy.filtered(WorkItem.objects.filter(pk=item_id), user=by))
    if conf.value("GOFLOW_LOCK_STRATEGY") == "pessimistic":
        limit_waiting()
        # The instance comes first in every step, so no two wait for each other.
        rows = rows.select_for_update(of=("instance", "self"), no_key=True)
    rows = rows.annotate(actor_groups=groups_of(by))
    if spare:
        rows = rows.annotate(spare=reserved(ITEM_NUMBERS, spare))
    item: Any = rows.order_by().first()
    if item is None:
        raise WorkItemNotFound
    return Step(
        item.instance,
        by=by,
        now=clock.now(),
        groups=frozenset(item.actor_groups),
        item=item,
        spare=item.spare if spare else [],
    )


def read_instance(instance_id: int, *, by: Any, spare: int = 0) -> Step:
    """Read an instance anew, in one statement; as `read` does.

    Raises InstanceNotFound.
    """
    rows = tenancy.filtered(ProcessInstance.objects.filter(pk=instance_id), user=by)
    rows = rows.select_related("process", "user")
    if conf.value("GOFLOW_LOCK_STRATEGY") == "pessimistic":
        limit_waiting()
        rows = rows.select_for_update(of=("self",), no_key=True)
    instance: Any = rows.annotate(
        actor_groups=groups_of(by), spare=reserved(ITEM_NUMBERS, spare)
    ).first()
    if instance is None:
        raise InstanceNotFound
    return Step(
        instance,
        by=by,
        now=clock.now(),
        groups=frozenset(instance.actor_groups),
        spare=instance.spare,
    )


def limit_waiting() -> None:
    """Wait for rows no longer than GOFLOW_LOCK_TIMEOUT_MS in this transaction."""
    milliseconds = int(conf.value("GOFLOW_LOCK_TIMEOUT_MS"))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")


def run(begin: Callable[[], Step], decide: Callable[[Step], None]) -> Step:
    """Run a step and return it as it was written.

    `begin` reads and `decide` collects what changes; nothing at all is written where
    it changes nothing. Both are called again where the instance moved meanwhile.
    Raises WorkItemConflict where that never ends.
    """
    unpushable: frozenset[tuple[int, str]] = frozenset()
    tries = 1 + int(conf.value("GOFLOW_STEP_RETRIES"))
    while tries:
        try:
            return _attempt(begin, decide, unpushable)
        except PushFailed as failed:
            unpushable |= {failed.activity}
        except MovedOn:
            tries -= 1
        except OperationalError as problem:
            tries = _after(problem, tries)
    raise WorkItemConflict


def _attempt(
    begin: Callable[[], Step],
    decide: Callable[[Step], None],
    unpushable: frozenset[tuple[int, str]],
) -> Step:
    with transaction.atomic():
        step = begin()
        step.unpushable = unpushable
        decide(step)
        if step.says_something:
            step.write()
    return step


def _after(problem: OperationalError, tries: int) -> int:
    refuse_waiting(problem)
    if not is_deadlock(problem):
        raise problem
    return tries - 1


def is_deadlock(problem: OperationalError) -> bool:
    """Tell whether two waited for each other, and trying again may help."""
    return _state(problem) == DEADLOCK and not connection.in_atomic_block


def refuse_waiting(problem: OperationalError) -> None:
    """Raise WorkItemBusy where a row was waited for too long."""
    if _state(problem) == LOCK_NOT_AVAILABLE:
        raise WorkItemBusy(headers={"Retry-After": "1"}) from problem


def _state(problem: OperationalError) -> str | None:
    return getattr(problem.__cause__, "sqlstate", None)


def show(step: Step, item: WorkItem) -> None:
    """Let the caller's own object show the new state."""
    source = step.changed.get(item.pk) or step.item
    if source is None or source is item:
        return
    for name in SHOWN:
        setattr(item, name, getattr(source, name))
    item.instance = step.instance


def later(step: Step, after: timedelta) -> datetime:
    """Return an instant after the step's own."""
    return step.now + after

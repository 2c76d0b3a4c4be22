"""What one step has read, and what it will write."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from workflow import chain, conf, graph, sql
from workflow.audit import label_of
from workflow.errors import WorkItemNotFound
from workflow.graph import Edge, Graph, Node
from workflow.models import ProcessInstance, WorkItem
from workflow.routing import Marking


def nothing() -> None:
    """Do nothing: the caller has opened the transaction."""


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
    #: Opens the transaction of the step, where it is not open yet: to be called before
    #: anything is written beside the step, as a handler may do.
    together: Callable[[], None] = nothing
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
        self.resolved.append(self.resolution(item, resolution, reason))

    def resolution(
        self, item: WorkItem, resolution: str, reason: str = ""
    ) -> dict[str, Any]:
        """Return the closing of an incident, as it is written."""
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

    @property
    def is_new(self) -> bool:
        """Whether the instance is not written yet."""
        return self.instance._state.adding  # noqa: SLF001 - where Django says whether a row is there

    @property
    def says_something(self) -> bool:
        """Whether there is anything to write."""
        changes = self.is_new or self.changed or self.released or self.created
        told = self.events or self.incidents or self.resolved
        return bool(changes or self.ended or self.armed or told)


def new_ids(count: int) -> list[int]:
    """Reserve numbers for new work items, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.text("new_items"), {"count": count})
        return [row[0] for row in cursor.fetchall()]


def later(step: Step, after: timedelta) -> datetime:
    """Return an instant after the step's own."""
    return step.now + after

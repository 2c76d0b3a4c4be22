"""A step is written: everything that it decided, in one statement."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tenants import scheduler
from tenants.db.planned import planned_cursor
from workflow import announcing, sql, tenancy
from workflow.chain import Exact
from workflow.models import ProcessInstance, WorkItem
from workflow.steps.step import Step

Document = dict[str, Any]

#: Work that is over, whatever was wrong with it.
DONE: Final = frozenset({"complete", "expired", "cancelled"})
#: What of an instance is written by every step, and what only by its first.
KEPT: Final = (
    *("id", "version", "status", "condition", "marking", "data", "closed_at"),
    *("audit_seq", "audit_head"),
)
BORN: Final = (
    *("org_id", "title", "process_id", "process_version", "user_id", "priority"),
    *("content_type_id", "object_id", "parent_workitem_id", "root_id", "depth"),
    "idempotency_key",
)
#: What of a work item is written at all.
COLUMNS: Final = tuple(field.attname for field in WorkItem._meta.concrete_fields)  # noqa: SLF001 - Django's public name


class MovedOn(Exception):
    """The instance moved between the reading and the writing of a step."""


def write(step: Step) -> None:
    """Write a step. Raises MovedOn where another one was faster."""
    instance = step.instance
    first = "begun" if is_new(instance) else "gone_on"
    parts = parts_of(step)
    document = {"instance": _instance(step), **parts}
    with planned_cursor() as cursor:
        values = {"step": json.dumps(document, cls=Exact)}
        cursor.execute(sql.step(first, tuple(parts)), values)
        moved, items = cursor.fetchone()
    if moved != 1 or items != len(step.changed) + len(step.released):
        raise MovedOn
    _grow_older(step)
    for child in step.children:
        write(child)
    if step.armed:
        scheduler.arm(min(timer["due_at"] for timer in step.armed))
    announcing.after_commit(step)


def is_new(instance: ProcessInstance) -> bool:
    """Tell whether the instance is not written yet."""
    return instance._state.adding  # noqa: SLF001 - where Django says whether a row is there


def parts_of(step: Step) -> Document:
    """Return what a step has to write beside its instance, by the file that does it."""
    parts = {
        "changed": list(map(_columns, step.changed.values())),
        "released": [
            {**_columns(item), "arrived": item.pk in step.arrived}
            for item in step.released.values()
        ],
        "created": list(map(_columns, step.created)),
        "offered": step.offered,
        "joined": step.joined,
        "ended": step.ended,
        "armed": step.armed,
        "opened": step.incidents,
        "resolved": [*step.resolved, *_moved_on(step)],
        "written": step.events,
    }
    return {name: rows for name, rows in parts.items() if rows}


def _instance(step: Step) -> Document:
    instance = step.instance
    names = KEPT + BORN if is_new(instance) else KEPT
    stamp = tenancy.resolved(user=step.by)["tenant_id"]
    born = {"tenant_id": stamp, "created_at": instance.creationTime}
    return {**{name: getattr(instance, name) for name in names}, **born}


def _columns(item: WorkItem) -> Document:
    return {name: getattr(item, name) for name in COLUMNS}


def _moved_on(step: Step) -> Iterator[Document]:
    """Return the closing of what may be open on work that goes on or is done."""
    said = {one["workitem_id"] for one in step.resolved}
    done = [item for item in step.changed.values() if item.status in DONE]
    freed = [item for item in step.released.values() if item.status != "fallout"]
    for item in (*done, *freed):
        if item.pk not in said:
            yield step.resolution(item, "moved_on")


def _grow_older(step: Step) -> None:
    """Let the objects have the versions that their rows have now."""
    step.instance.version += 1
    step.instance._state.adding = False  # noqa: SLF001 - as above
    for item in (*step.changed.values(), *step.released.values()):
        item.version += 1

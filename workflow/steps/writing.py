"""A step is written: everything that it decided, in one statement."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn

from django.db import DataError
from django.db.models import Model

from kernel.translation import sqlstate
from tenants import scheduler
from tenants.db.planned import planned_cursor
from workflow import announcing, sql, tenancy
from workflow.chain import Exact
from workflow.steps.step import Step

Document = dict[str, Any]

#: How the statement refuses to be half of a step.
DIVISION_BY_ZERO: Final = "22012"
#: Work that is over, whatever was wrong with it.
DONE: Final = frozenset({"complete", "expired", "cancelled"})
#: What of an instance is written by every step, and what only by its first.
KEPT: Final = (
    *("id", "version", "status", "condition", "marking", "data", "closed_at"),
    *("audit_seq", "audit_head"),
)
BORN: Final = (
    *KEPT,
    *("org_id", "title", "process_id", "process_version", "user_id", "priority"),
    *("content_type_id", "object_id", "parent_workitem_id", "root_id", "depth"),
    "idempotency_key",
)
#: What of a work item: of one that was read, of one that waited, and of a new one.
CHANGED: Final = (
    *("id", "version", "status", "user_id", "condition", "delegated_by_id", "returns"),
    *("attempts", "priority", "date", "activated_at", "completed_at", "forwarded_at"),
)
RELEASED: Final = (
    *("id", "status", "user_id", "condition", "date", "available_at", "completed_at"),
    "forwarded_at",
)
CREATED: Final = (
    *("id", "activity_id", "user_id", "status", "condition", "priority", "date"),
    *("created_at", "available_at", "completed_at", "forwarded_at"),
    "workitem_from_id",
)
#: What of an event is not the same for all events of the instance.
WRITTEN: Final = (
    *("created_at", "action", "actor_id", "actor_label", "workitem_id"),
    *("activity_id", "transition_id", "status_from", "status_to", "metadata", "seq"),
    *("prev_hash", "hash"),
)

_encode: Final = Exact().encode


class MovedOn(Exception):
    """The instance moved between the reading and the writing of a step."""


def write(step: Step) -> None:
    """Write a step. Raises MovedOn where another one was faster."""
    if step.children:
        step.together()
    first = "begun" if step.is_new else "gone_on"
    parts = parts_of(step)
    document = {"instance": _instance(step), **parts}
    with planned_cursor() as cursor:
        values = {
            "step": _encode(document),
            "items": len(step.changed) + len(step.released),
        }
        try:
            cursor.execute(sql.step(first, tuple(parts)), values)
        except DataError as problem:
            raise_moved_on(problem)
        if cursor.fetchone()[0] != 1:
            raise MovedOn
    _grow_older(step)
    for child in step.children:
        write(child)
    if step.armed:
        scheduler.arm(min(timer["due_at"] for timer in step.armed))
    announcing.after_commit(step)


def raise_moved_on(problem: DataError) -> NoReturn:
    """Raise MovedOn where the statement itself found a work item changed."""
    if sqlstate(problem) == DIVISION_BY_ZERO:
        raise MovedOn from problem
    raise problem


def parts_of(step: Step) -> Document:
    """Return what a step has to write beside its instance, by the file that does it."""
    parts = {
        "changed": [_columns(item, CHANGED) for item in step.changed.values()],
        "released": [
            {**_columns(item, RELEASED), "arrived": item.pk in step.arrived}
            for item in step.released.values()
        ],
        "created": [_columns(item, CREATED) for item in step.created],
        "offered": step.offered,
        "joined": step.joined,
        "ended": step.ended,
        "armed": step.armed,
        "opened": step.incidents,
        "resolved": [*step.resolved, *_moved_on(step)],
        "written": [{name: event[name] for name in WRITTEN} for event in step.events],
    }
    return {name: rows for name, rows in parts.items() if rows}


def _instance(step: Step) -> Document:
    instance = step.instance
    names = BORN if step.is_new else KEPT
    stamp = tenancy.resolved(user=step.by)["tenant_id"]
    own = {"tenant_id": stamp, "created_at": instance.creationTime}
    return {**_columns(instance, names), **own}


def _columns(row: Model, names: Iterable[str]) -> Document:
    return {name: getattr(row, name) for name in names}


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
    step.instance._state.adding = False  # noqa: SLF001 - where Django says whether a row is there
    for item in (*step.changed.values(), *step.released.values()):
        item.version += 1

"""What a step begins with: rows read anew in one statement, which may lock them.

These statements are sent again and again, so they are written down rather than built
each time, and the server keeps their plans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model, QuerySet

from kernel import clock
from tenants.db.planned import planned_cursor
from workflow import conf, sql, tenancy
from workflow.errors import InstanceNotFound, WorkItemNotFound
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.rows import Columns
from workflow.steps.step import Step

#: The rows that each statement reads, by their aliases and in their order.
INSTANCE: Final = {"instance": ProcessInstance, "process": Process}
ROWS: Final[dict[str, dict[str, type[Model]]]] = {
    "read_item": {"item": WorkItem, **INSTANCE},
    "read_instance": INSTANCE,
    "read_published": {"process": Process},
}


@dataclass(frozen=True, slots=True)
class Published:
    """A published version, and what the step of a new instance needs."""

    process: Process
    #: The groups of whoever starts.
    groups: frozenset[int]
    #: The numbers of the instance and of its first work item.
    instance_id: int
    item_id: int


def read(item_id: int, *, by: Any, spare: int = 0) -> Step:
    """Read a work item and its instance anew, in one statement.

    `spare` is how many new work items the step will likely make: their numbers are
    reserved with it. Raises WorkItemNotFound.
    """
    if tenancy.hides(WorkItem, item_id, user=by):
        raise WorkItemNotFound
    values = {"item": item_id, "by": by.pk, "spare": spare}
    for item, instance, process, requester, groups, numbers in _found(
        "read_item", values, lock="instance, item"
    ):
        return _step(instance, process, requester, groups, numbers, by=by, item=item)
    raise WorkItemNotFound


def read_instance(instance_id: int, *, by: Any, spare: int = 0) -> Step:
    """Read an instance anew, in one statement; as `read` does.

    Raises InstanceNotFound.
    """
    if tenancy.hides(ProcessInstance, instance_id, user=by):
        raise InstanceNotFound
    values = {"instance": instance_id, "by": by.pk, "spare": spare}
    for instance, process, requester, groups, numbers in _found(
        "read_instance", values, lock="instance"
    ):
        return _step(instance, process, requester, groups, numbers, by=by)
    raise InstanceNotFound


def read_published(name: str, *, by: Any) -> Published | None:
    """Read the published version with this title or code, in one statement.

    It reserves the numbers of an instance and of its first work item.
    """
    for process, groups, instance_id, item_id in _found(
        "read_published", {"name": name, "by": by.pk}
    ):
        if not tenancy.hides(Process, process.pk, user=by):
            return Published(process, frozenset(groups), instance_id, item_id)
    return None


def with_all(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items with everything that is shown of them."""
    return rows.select_related(
        "instance__process", "instance__user", "activity", "user"
    )


def limit_waiting() -> None:
    """Wait for rows no longer than GOFLOW_LOCK_TIMEOUT_MS in this transaction."""
    milliseconds = int(conf.value("GOFLOW_LOCK_TIMEOUT_MS"))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")


def _step(
    instance: ProcessInstance,
    process: Process,
    requester: Any,
    groups: list[int],
    numbers: list[int],
    *,
    by: Any,
    item: WorkItem | None = None,
) -> Step:
    instance.process, instance.user = process, requester
    if item is not None:
        item.instance = instance
    return Step(
        instance,
        by=by,
        now=clock.now(),
        groups=frozenset(groups),
        item=item,
        spare=numbers,
    )


def _found(
    name: str, values: dict[str, Any], *, lock: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Send a statement; return its rows, the columns of a model as an instance of it.

    `lock` names the rows that the pessimistic strategy holds. The instance is the
    first of them in every step, so no two wait for each other.
    """
    text, rows = _statement(name)
    if lock and conf.value("GOFLOW_LOCK_STRATEGY") == "pessimistic":
        limit_waiting()
        text = f"{text} FOR NO KEY UPDATE OF {lock}"
    with planned_cursor() as cursor:
        cursor.execute(text, {**values, "tenant": tenancy.tenant_id()})
        answer = cursor.fetchall()
    for row in answer:
        yield _made(row, rows)


def _made(row: tuple[Any, ...], rows: list[Columns[Any]]) -> tuple[Any, ...]:
    places = [0]
    for columns in rows:
        places.append(places[-1] + len(columns))
    made = (
        columns.made(row[begin:end])
        for columns, (begin, end) in zip(rows, pairwise(places), strict=True)
    )
    return (*made, *row[places[-1] :])


@cache
def _statement(name: str) -> tuple[str, list[Columns[Any]]]:
    """Return a statement with its columns, and what these belong to."""
    people = get_user_model()
    models = dict(ROWS[name])
    if "instance" in models:
        models["requester"] = people
    rows = {alias: Columns(model, alias) for alias, model in models.items()}
    text = sql.text(name).format(
        people=people._meta.db_table,  # noqa: SLF001 - Django's public name
        memberships=people.groups.through._meta.db_table,  # noqa: SLF001 - as above
        **{alias: columns.text for alias, columns in rows.items()},
    )
    return text, list(rows.values())

"""The rows of a version, read in three statements.

They are read for each version that a process of the server comes upon, and building
them each time takes several times as long as the database takes to answer.
"""

from collections.abc import Iterator
from functools import cache
from itertools import starmap
from typing import Any, Final, NamedTuple

from django.db.models import Model

from tenants.db.planned import planned_cursor
from workflow import sql, tenancy
from workflow.models import Activity, Process, Transition
from workflow.rows import Columns

#: The model whose columns each statement begins with.
FIRST: Final[dict[str, type[Model]]] = {
    "version": Process,
    "version_activities": Activity,
    "version_transitions": Transition,
}


class StoredProcess(NamedTuple):
    row: Process
    begin: str
    end: str
    start_group_ids: list[int]


class StoredActivity(NamedTuple):
    row: Activity
    push_application: str
    application: str
    role_ids: list[int]
    allowed_group_ids: list[int]
    allowed_user_ids: list[int]
    sla_role_ids: list[int]


class StoredTransition(NamedTuple):
    row: Transition
    source: str
    target: str


def process(process_id: int) -> StoredProcess:
    """Return the row of a version. Raises Process.DoesNotExist."""
    for row in starmap(StoredProcess, _found("version", process_id)):
        return row
    raise Process.DoesNotExist


def activities(process_id: int) -> list[StoredActivity]:
    return list(starmap(StoredActivity, _found("version_activities", process_id)))


def transitions(process_id: int) -> list[StoredTransition]:
    """Return the transitions of a version in their order."""
    return list(starmap(StoredTransition, _found("version_transitions", process_id)))


def _found(name: str, process_id: int) -> Iterator[tuple[Any, ...]]:
    text, columns = _statement(name)
    values = {"process": process_id, "tenant": tenancy.tenant_id()}
    with planned_cursor() as cursor:
        cursor.execute(text, values)
        answer = cursor.fetchall()
    own = len(columns)
    for row in answer:
        yield columns.made(row[:own]), *row[own:]


@cache
def _statement(name: str) -> tuple[str, Columns[Any]]:
    model = FIRST[name]
    alias = str(model._meta.model_name)  # noqa: SLF001 - Django's public name
    columns = Columns(model, alias)
    return sql.text(name).format(**{alias: columns.text}), columns

"""The rows that a caller of the API may see, and the version that they want."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from workflow import steps
from workflow.errors import InstanceNotFound, VersionMismatch, WorkItemNotFound
from workflow.models import ProcessInstance, WorkItem
from workflow.paging import known

#: PostgreSQL's integers have no more digits.
LONGEST_VERSION = 10


def visible_item(request: HttpRequest, item_id: int) -> WorkItem:
    """Return a work item that the caller may see. Raises WorkItemNotFound."""
    rows = known(WorkItem.objects.visible_to(request.user), item_id)
    item = shown(rows).order_by().first()
    if item is None:
        raise WorkItemNotFound
    expect_version(request, item)
    return item


def visible_instance(request: HttpRequest, instance_id: int) -> ProcessInstance:
    """Return an instance that the caller may see. Raises InstanceNotFound."""
    rows = known(ProcessInstance.objects.visible_to(request.user), instance_id)
    instance: ProcessInstance | None = rows.select_related("process").first()
    if instance is None:
        raise InstanceNotFound
    expect_version(request, instance)
    return instance


def shown(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    return steps.with_all(rows).prefetch_related("timers")


def tell_version(response: HttpResponse, row: Any) -> None:
    response["ETag"] = f'"{row.version}"'


def expect_version(request: HttpRequest, row: Any) -> None:
    """Let a write go on only where the row has the version of If-Match.

    Raises VersionMismatch for what is no version.
    """
    wanted = request.headers.get("If-Match", "*").strip()
    if request.method != "POST" or wanted == "*":
        return
    number = wanted.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_VERSION):
        raise VersionMismatch
    row.expected_version = int(number)

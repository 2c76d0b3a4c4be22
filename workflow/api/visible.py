"""The rows that a caller of the API may see, and the version that they want."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from kernel import numbers
from workflow import seen
from workflow.errors import VersionMismatch
from workflow.models import ProcessInstance, WorkItem


def visible_item(request: HttpRequest, item_id: int) -> WorkItem:
    """Return a work item that the caller may see. Raises WorkItemNotFound."""
    item = seen.visible_item(request.user, item_id)
    expect_version(request, item)
    return item


def visible_instance(request: HttpRequest, instance_id: int) -> ProcessInstance:
    """Return an instance that the caller may see. Raises InstanceNotFound."""
    instance = seen.visible_instance(request.user, instance_id)
    expect_version(request, instance)
    return instance


def tell_version(response: HttpResponse, row: Any) -> None:
    response["ETag"] = f'"{row.version}"'


def expect_version(request: HttpRequest, row: Any) -> None:
    """Let a write go on only where the row has the version of If-Match.

    Raises VersionMismatch for what is no version.
    """
    wanted = request.headers.get("If-Match", "*").strip()
    if request.method != "POST" or wanted == "*":
        return
    text = wanted.removeprefix("W/").strip('"')
    number = numbers.whole(text, largest=numbers.LARGEST_NUMBER)
    if number is None:
        raise VersionMismatch
    row.expected_version = number

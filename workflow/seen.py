"""The rows of the workflow that a person may see, by their numbers."""

from typing import Any

from django.db.models import QuerySet

from kernel import numbers
from workflow import steps
from workflow.errors import InstanceNotFound, WorkItemNotFound
from workflow.models import ProcessInstance, WorkItem


def visible_item(user: Any, item_id: int) -> WorkItem:
    """Return a work item that the person may see. Raises WorkItemNotFound."""
    rows = known(WorkItem.objects.visible_to(user), item_id)
    item = shown(rows).order_by().first()
    if item is None:
        raise WorkItemNotFound
    return item


def visible_instance(user: Any, instance_id: int) -> ProcessInstance:
    """Return an instance that the person may see. Raises InstanceNotFound."""
    rows = known(ProcessInstance.objects.visible_to(user), instance_id)
    instance: ProcessInstance | None = rows.select_related("process", "user").first()
    if instance is None:
        raise InstanceNotFound
    return instance


def shown(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items with everything that is shown of them, their timers too."""
    return steps.with_all(rows).prefetch_related("timers")


def known(rows: Any, key: int) -> Any:
    """Return the row of a number; one that no column can hold finds nothing."""
    fits = -numbers.LARGEST_ID <= key <= numbers.LARGEST_ID
    return rows.filter(pk=key) if fits else rows.none()

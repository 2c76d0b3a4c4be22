"""What cancelling an instance would end, told before it is done."""

from dataclasses import dataclass
from typing import Any

from workflow import tenancy
from workflow.models import ProcessInstance, WorkItem
from workflow.models.work_item import LIVE

CLOSED = (ProcessInstance.Status.COMPLETE, ProcessInstance.Status.TERMINATED)


@dataclass(frozen=True, slots=True)
class Ends:
    """How much ends: pieces of work, and processes that it began."""

    work: int
    parts: int


def what_ends(instance: ProcessInstance, *, reader: Any) -> Ends:
    """Return what the end of an instance would end, in two statements."""
    below = open_below(instance, reader=reader)
    items = tenancy.filtered(WorkItem.objects.all(), user=reader)
    live = items.filter(instance__in=below, status__in=LIVE)
    return Ends(live.count(), len(below) - 1)


def open_below(instance: ProcessInstance, *, reader: Any) -> set[int]:
    """Return the numbers of an instance and of the open ones that it began."""
    root = instance.root_id or instance.pk
    rows = tenancy.filtered(ProcessInstance.objects.all(), user=reader)
    rows = rows.filter(root=root).exclude(status__in=CLOSED).order_by("depth", "pk")
    found = {instance.pk}
    for number, above in rows.values_list("pk", "parent_workitem__instance"):
        if above in found:
            found.add(number)
    return found

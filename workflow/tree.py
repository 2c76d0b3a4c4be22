"""An instance and all that its subflows began, as one thing to pause or to end."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.db.models import Q

from kernel import clock
from tenants import scheduler
from workflow import announcing, sql, steps, tenancy
from workflow.chain import Exact
from workflow.errors import InstanceNotFound
from workflow.models import ProcessInstance
from workflow.steps import Step

#: What happens to the work of an instance; empty: nothing.
Work = Literal["pause", "resume", "end", ""]


@dataclass
class Tree:
    """The instance that is meant, with everything around it, locked."""

    top: Step
    #: Every instance of the tree by its number, the root first.
    steps: dict[int, Step]
    now: datetime
    by: Any
    reason: str = ""
    #: What happens to the work of each instance that changes.
    work: dict[int, Work] = field(default_factory=dict)
    #: The work item of a parent that falls out since its child was ended.
    fallen: int | None = None

    @property
    def parent(self) -> Step | None:
        """The instance that the one that is meant is a subflow of."""
        item = self.top.instance.parent_workitem
        return self.steps[item.instance_id] if item else None

    def walk(self, visit: "Callable[[Tree, Step], bool]") -> None:
        """Visit the instance that is meant and what is below it, from the top down.

        `visit` says of each whether to go on below it.
        """
        above: set[int] = set()
        for number, step in self.steps.items():
            item = step.instance.parent_workitem
            is_below = item is not None and item.instance_id in above
            if (step is self.top or is_below) and visit(self, step):
                above.add(number)

    def change(self, step: Step, status: str, *, old: str | None, work: Work) -> None:
        """Set the status of an instance, and say what happens to its work."""
        step.instance.status = status
        step.instance.old_status = old
        self.work[step.instance.pk] = work

    def write(self) -> None:
        """Write every instance that changed, in one statement."""
        changed = [self.steps[number] for number in self.work]
        document = {
            "now": self.now,
            "by": self.by.pk,
            "reason": self.reason,
            "fallen": self.fallen,
            "instances": [_columns(step, self.work) for step in changed],
            "events": [event for step in changed for event in step.events],
            "incidents": [
                {**incident, "instance_id": step.instance.pk}
                for step in changed
                for incident in step.incidents
            ],
            "armed": [timer for step in changed for timer in step.armed],
        }
        with connection.cursor() as cursor:
            text = json.dumps(document, cls=Exact)
            cursor.execute(sql.text("write_tree"), {"tree": text})
        for step in changed:
            announcing.after_commit(step)
        if "resume" in self.work.values() or document["armed"]:
            scheduler.arm(self.now)


def _columns(step: Step, work: dict[int, Work]) -> dict[str, Any]:
    instance = step.instance
    return {
        "id": instance.pk,
        "tenant_id": instance.tenant_id,
        "status": instance.status,
        "old_status": instance.old_status,
        "marking": instance.marking,
        "closed_at": instance.closed_at,
        "close_reason": instance.close_reason,
        "audit_seq": instance.audit_seq,
        "audit_head": instance.audit_head,
        "work": work[instance.pk],
    }


def lock(instance: ProcessInstance, *, by: Any, reason: str = "") -> Tree:
    """Lock the whole tree of an instance, the root first, and return it.

    Raises InstanceNotFound.
    """
    steps.limit_waiting()
    # What it is a part of, and what is a part of it, moves with it, seen or not.
    if tenancy.hides(ProcessInstance, instance.pk, user=by):
        raise InstanceNotFound
    root = instance.root_id or instance.pk
    known: set[int] = set()
    # A step may begin a subflow while its instance is waited for; once every row that
    # could do so is locked, another look finds no more.
    while (rows := _locked(root)).keys() != known:
        known = set(rows)
    if instance.pk not in rows:
        raise InstanceNotFound
    now = clock.now()
    found = {number: Step(row, by=by, now=now) for number, row in rows.items()}
    return Tree(found[instance.pk], steps=found, now=now, by=by, reason=reason)


def _locked(root: int) -> dict[int, ProcessInstance]:
    rows = tenancy.own(ProcessInstance.objects.filter(Q(pk=root) | Q(root=root)))
    rows = rows.select_related("process", "parent_workitem")
    # The keys do not change, so that a step which only refers to a row need not wait.
    locked = rows.select_for_update(of=("self",), no_key=True)
    return {row.pk: row for row in locked.order_by("depth", "id")}

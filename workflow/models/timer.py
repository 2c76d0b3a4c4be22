"""Work at a later time: one row an instant."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from kernel import clock
from workflow import tenancy
from workflow.models.instance import ProcessInstance
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.models.transition import Transition
from workflow.models.work_item import WorkItem


class TimerQuerySet(models.QuerySet["Timer"]):
    def pending(self) -> "TimerQuerySet":
        """Return what has neither fired nor been dropped."""
        return self.filter(state=Timer.State.PENDING)

    def due(self, *, at: datetime) -> "TimerQuerySet":
        """Return what is pending and due at the instant."""
        return self.pending().filter(due_at__lte=at)

    def of_seen_work(self, *, request: Any = None, user: Any = None) -> "TimerQuerySet":
        """Return those of the work items that the tenant filter leaves."""
        if not tenancy.filters():
            return self
        items = tenancy.filtered(WorkItem.objects.all(), request=request, user=user)
        return self.filter(workitem__in=items.order_by().values("pk"))


class Timer(models.Model):
    """Something to do at an instant that only a suspension moves."""

    class Kind(models.TextChoices):
        #: A timeout transition fires.
        TIMEOUT = "timeout"
        #: An automatic activity whose step was interrupted is run again.
        AUTO = "auto"
        #: The holder of a new work item is told.
        NOTICE = "notice"
        #: The child of a subflow has ended, and its work item goes on.
        CHILD = "child"
        #: Administrators are told of an incident.
        ALARM = "alarm"

    class State(models.TextChoices):
        PENDING = "pending"
        #: Its instance is suspended; `remaining` counts from the resuming.
        PAUSED = "paused"
        DONE = "done"
        DROPPED = "dropped"

    tenant_id = TenantIdField()
    kind = models.CharField(max_length=8, choices=Kind)
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.PROTECT, related_name="+"
    )
    workitem = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="timers"
    )
    transition = models.ForeignKey(
        Transition, null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField()
    remaining = models.DurationField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    objects = OwnRows.from_queryset(TimerQuerySet)()

    class Meta:
        ordering = ("due_at", "id")
        constraints = (
            models.CheckConstraint(
                name="timer_words_known",
                condition=Q(
                    kind__in=("timeout", "auto", "notice", "child", "alarm"),
                    state__in=("pending", "paused", "done", "dropped"),
                ),
            ),
        )
        indexes = (
            models.Index(
                name="timer_pending_by_due",
                fields=("due_at", "id"),
                condition=Q(state="pending"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.due_at.isoformat()}"

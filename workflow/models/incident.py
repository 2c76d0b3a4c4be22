"""Something that needs help: why work cannot go on, and what was done about it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import tenancy
from workflow.models.instance import ProcessInstance
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.models.work_item import WorkItem


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> "IncidentQuerySet":
        """Return what still needs help."""
        return self.filter(resolved_at=None)

    def visible_to(self, user: Any) -> "IncidentQuerySet":
        """Return what a person may look at: all of the tenant, or nothing."""
        may = user.has_perm("workflow.can_resolve_incidents")
        rows = tenancy.filtered(self, user=user)
        if tenancy.filters():
            seen = tenancy.filtered(ProcessInstance.objects.all(), user=user)
            rows = rows.filter(instance__in=seen.order_by().values("pk"))
        return rows if may else rows.none()  # type: ignore[return-value]


class Incident(models.Model):
    """A failure that a person has to look at; a work item has one open at most."""

    class Kind(models.TextChoices):
        AUTO_FAILED = "auto.failed", _("automatic work failed")
        HANDLER_FAILED = "handler.failed", _("a step failed")
        PUSH_NO_USER = "push.no_user", _("nobody was chosen")
        NO_MATCH = "split.no_match", _("no way leads on")
        JOIN_DEADLOCK = "join.deadlock", _("nothing can arrive here")
        SUBFLOW_DEPTH = "subflow.depth", _("subflows are nested too deeply")
        SUBFLOW_MISSING = "subflow.missing", _("the subflow cannot start")
        SUBFLOW_TERMINATED = "subflow.terminated", _("the subflow was cancelled")
        CONDITION_ERROR = "condition.error", _("a condition cannot be read")
        COMPENSATION_FAILED = "compensation.failed", _("undoing failed")
        CHAIN_LIMIT = "chain.limit", _("automatic work goes round in circles")
        TOKEN_LIMIT = "token.limit", _("too many branches")

    class Resolution(models.TextChoices):
        RETRIED = "retried", _("tried again")
        SKIPPED = "skipped", _("skipped")
        CANCELLED = "cancelled", _("cancelled")
        MOVED_ON = "moved_on", _("moved on")

    tenant_id = TenantIdField()
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.PROTECT, related_name="incidents"
    )
    workitem = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="incidents"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    #: What people may read: no secret, and no text of a foreign exception.
    message = models.CharField(max_length=500, blank=True)
    #: For operators only.
    trace = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)
    opened_at = models.DateTimeField(default=clock.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    resolution = models.CharField(max_length=9, choices=Resolution, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    objects = OwnRows.from_queryset(IncidentQuerySet)()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="incident_one_open",
                fields=("workitem",),
                condition=Q(resolved_at__isnull=True),
            ),
            models.CheckConstraint(
                name="incident_resolved_somehow",
                condition=Q(resolved_at__isnull=True, resolution="")
                | Q(resolved_at__isnull=False) & ~Q(resolution=""),
            ),
        )
        indexes = (
            models.Index(
                name="incident_open",
                fields=("id",),
                condition=Q(resolved_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

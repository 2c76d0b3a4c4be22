"""Who did what and when; rows are written once and stay."""

from typing import Any

from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.append_only import AppendOnly, AppendOnlyQuerySet
from workflow import tenancy
from workflow.models.tenant_id import OwnRows, TenantIdField


class AuditEventQuerySet(AppendOnlyQuerySet["AuditEvent"]):
    def of_instance(self, instance_id: int) -> "AuditEventQuerySet":
        """Return the events of one instance, oldest first."""
        return self.filter(instance_id=instance_id).order_by("seq")

    def visible_to(self, user: Any) -> "AuditEventQuerySet":
        """Return what a person may read of the events that were chosen for them."""
        return tenancy.filtered(self, user=user)  # type: ignore[return-value]


class AuditEvent(AppendOnly):
    """One event, with plain ids, so that it outlives what it describes."""

    tenant_id = TenantIdField()
    created_at = models.DateTimeField(default=clock.now)
    action = models.CharField(max_length=50)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=255, blank=True)
    process_id = models.BigIntegerField(null=True)
    instance_id = models.BigIntegerField(null=True)
    workitem_id = models.BigIntegerField(null=True)
    activity_id = models.BigIntegerField(null=True)
    transition_id = models.BigIntegerField(null=True)
    status_from = models.CharField(max_length=10, blank=True)
    status_to = models.CharField(max_length=10, blank=True)
    metadata = models.JSONField(default=dict)
    #: Counts the events of one chain from 1: of an instance, or of the tenant.
    seq = models.PositiveIntegerField()
    #: The hash of the event before, and of this one: see `workflow.chain`.
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = OwnRows.from_queryset(AuditEventQuerySet)()

    class Meta:
        verbose_name = "audit event"
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(
                name="audit_event_once",
                fields=("instance_id", "seq"),
                condition=Q(instance_id__isnull=False),
            ),
            models.UniqueConstraint(
                name="audit_event_of_tenant_once",
                fields=("seq",),
                condition=Q(instance_id__isnull=True),
            ),
        )
        indexes = (
            models.Index(name="audit_event_by_time", fields=("created_at", "id")),
        )

    def __str__(self) -> str:
        return self.action


class AuditHead(models.Model):
    """The head of the tenant's own chain; that of an instance stands on its row."""

    tenant_id = TenantIdField()
    seq = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    objects = OwnRows["AuditHead"]()

    class Meta:
        constraints = (
            models.CheckConstraint(name="audit_head_once", condition=Q(id=1)),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:8]}"

"""What was done to tenants, by whom and why: a book that is only written forward."""

import uuid

from django.db import models

from kernel import clock
from kernel.append_only import AppendOnly, AppendOnlyQuerySet


class OperatorEvent(AppendOnly):
    """One act on the control plane; a trigger keeps SQL from changing it, too.

    `tenant` is a bare uuid, so the event outlives the tenant.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False, db_index=True)
    actor = models.CharField(max_length=150)
    tenant = models.UUIDField(null=True, blank=True, db_index=True)
    action = models.CharField(max_length=64)
    args = models.JSONField(default=dict, blank=True)
    result = models.CharField(max_length=255, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip_hash = models.BinaryField(max_length=32, null=True, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"

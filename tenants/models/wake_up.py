"""When a tenant has work to do next: all that the control plane knows of it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from tenants.models.tenant import Tenant


class WakeUp(models.Model):
    """The next instant at which a tenant has due work; NULL means none is known.

    `run_no` rises with every take, so a worker that comes back late changes nothing.
    `enabled` follows the tenant's state in the same transaction (tenants.states).
    """

    tenant = models.OneToOneField(
        Tenant, models.CASCADE, primary_key=True, related_name="wake_up"
    )
    next_due = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    run_no = models.BigIntegerField(default=0)
    enabled = models.BooleanField(default=False)
    wake_at = models.GeneratedField(
        expression=Coalesce("lease_until", "next_due"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["wake_at"], condition=Q(enabled=True), name="wake_up_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.wake_at}"

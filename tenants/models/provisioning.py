"""The making of a tenant, as rows: what was ordered, which step stands where."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from tenants.models.tenant import Tenant


class ProvisioningRun(models.Model):
    """One run of the saga. `order` holds all that a resumed run has to know."""

    class Kind(models.TextChoices):
        CREATE = "create", _("Create")
        IMPORT = "import", _("Import")
        CLONE = "clone", _("Clone")
        PURGE = "purge", _("Purge")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        COMPENSATING = "compensating", _("Being undone")
        FAILED = "failed", _("Failed and undone")

    OPEN = (State.RUNNING, State.COMPENSATING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    tenant_uuid = models.UUIDField(editable=False)
    slug = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CREATE)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.RUNNING
    )
    order = models.JSONField(default=dict)
    idempotency_key = models.CharField(
        max_length=128, unique=True, null=True, blank=True
    )
    resume_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_uuid"],
                condition=Q(state__in=["running", "compensating"]),
                name="provisioning_run_one_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["resume_at"],
                condition=Q(state__in=["running", "compensating"]),
                name="provisioning_run_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Tell whether something is still to be done or undone."""
        return self.state in self.OPEN


class ProvisioningStep(models.Model):
    """One step of a run. `attempts` is also the fence against a late worker."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("At work")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ProvisioningRun, models.CASCADE, related_name="steps")
    ordinal = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=32)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=500, blank=True)
    output = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["ordinal"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "name"], name="provisioning_step_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

"""How the schemas of all tenants came from one revision to the next."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.append_only import AppendOnly, AppendOnlyQuerySet
from tenants.models.tenant import Tenant


class MigrationPlan(AppendOnly):
    """The way of one group of equal schemas, and the SQL that its canary took.

    `replayable` tells whether others may take that SQL; `obstacle` says why not.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    from_rev = models.CharField(max_length=16)
    to_rev = models.CharField(max_length=16)
    #: Label and name of each migration, in the order in which they run.
    migrations = models.JSONField()
    #: The statements with their values, without a schema's name.
    recorded_sql = models.JSONField(default=list)
    sql_sha256 = models.CharField(max_length=64, blank=True)
    replayable = models.BooleanField(default=False)
    obstacle = models.CharField(max_length=255, blank=True)
    #: The canary's, which those that replay must have before and after.
    fingerprint_before = models.CharField(max_length=64, blank=True)
    fingerprint_after = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.from_rev} to {self.to_rev}"


class MigrationLedger(models.Model):
    """One tenant on the way of a plan.

    A record for people and for resuming: the truth is the schema's own table.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        RUNNING = "running", _("At work")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Up to date already")
        DEFERRED = "deferred", _("Deferred")
        FAILED = "failed", _("Failed")

    class Mode(models.TextChoices):
        REPLAY = "replay", _("Recorded SQL")
        PYTHON = "python", _("Migrations of Django")

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(MigrationPlan, models.CASCADE, related_name="entries")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="ledger")
    wave = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.PENDING
    )
    mode = models.CharField(max_length=8, choices=Mode.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    migration = models.CharField(max_length=255, blank=True)
    statement_no = models.PositiveIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=500, blank=True)
    fingerprint_after = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "tenant"], name="migration_ledger_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["state"],
                condition=~Q(state__in=["done", "skipped"]),
                name="migration_ledger_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.state}"

"""What a tenant may use: its plan, and what is agreed for it alone."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants import directory


def yes() -> bool:
    """Return the value of a feature that is simply there."""
    return True


class Plan(models.Model):
    """A plan; what is empty is as the settings say."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    trial_days = models.PositiveSmallIntegerField(default=0)
    statement_timeout_ms = models.PositiveIntegerField(null=True, blank=True)
    lock_timeout_ms = models.PositiveIntegerField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    max_concurrency = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        directory.empty_after_commit()


class Resource(models.TextChoices):
    """What is counted."""

    SEATS = "seats", _("Seats")
    STORAGE_BYTES = "storage_bytes", _("Storage")
    RUNNING_INSTANCES = "running_instances", _("Running processes")
    API_TOKENS = "api_tokens", _("API tokens")
    WEBHOOKS = "webhooks", _("Webhooks")


class Quota(models.Model):
    """How much of a resource a plan gives; a soft one only warns."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="quotas")
    resource = models.CharField(max_length=32, choices=Resource.choices)
    limit = models.PositiveBigIntegerField()
    hard = models.BooleanField(default=True)

    class Meta:
        ordering = ["plan", "resource"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "resource"], name="quota_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.limit}"


class TenantQuota(models.Model):
    """What one tenant has of a resource, whatever its plan says."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.CASCADE, related_name="own_quotas"
    )
    resource = models.CharField(max_length=32, choices=Resource.choices)
    limit = models.PositiveBigIntegerField()
    hard = models.BooleanField(default=True)

    class Meta:
        ordering = ["tenant", "resource"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "resource"], name="tenant_quota_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.limit}"


class Feature(models.Model):
    """Something that a plan has or has not; `value` may say how much of it."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="features")
    code = models.SlugField(max_length=64)
    value = models.JSONField(default=yes)

    class Meta:
        ordering = ["plan", "code"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "code"], name="feature_once"),
        ]

    def __str__(self) -> str:
        return self.code


class TenantFeature(models.Model):
    """The same for one tenant, whatever its plan says."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.CASCADE, related_name="own_features"
    )
    code = models.SlugField(max_length=64)
    value = models.JSONField(default=yes)

    class Meta:
        ordering = ["tenant", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "code"], name="tenant_feature_once"
            ),
        ]

    def __str__(self) -> str:
        return self.code

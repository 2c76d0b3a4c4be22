"""Answers that are kept for a caller who asks the same thing again."""

from django.conf import settings
from django.db import models

from kernel import clock
from workflow.models.tenant_id import OwnRows, TenantIdField


class IdempotencyKey(models.Model):
    """The first answer to a POST, by person, route and the key that they chose."""

    tenant_id = TenantIdField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    route = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    #: SHA-256 of the body that the key was first sent with.
    body_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)
    #: Empty while the first request is still under way.
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)

    objects = OwnRows["IdempotencyKey"]()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="idempotency_key_once", fields=("user", "route", "key")
            ),
        )
        indexes = (models.Index(name="idempotency_key_by_age", fields=("created_at",)),)

    def __str__(self) -> str:
        return self.key

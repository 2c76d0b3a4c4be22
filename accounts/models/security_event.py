"""What happened to accounts, append only."""

from django.db import models

from kernel import clock
from kernel.append_only import AppendOnly, AppendOnlyQuerySet


class SecurityEvent(AppendOnly):
    """One security-relevant fact; the people are numbers, so rows never change."""

    class Via(models.TextChoices):
        SESSION = "session"
        TOKEN = "token"  # noqa: S105 - a word, not a secret
        API_TOKEN = "api_token"  # noqa: S105 - the same
        SYSTEM = "system"

    at = models.DateTimeField(default=clock.now)
    name = models.CharField(max_length=50)
    actor = models.BigIntegerField(null=True)
    subject = models.BigIntegerField(null=True)
    via = models.CharField(max_length=16, choices=Via, default=Via.SYSTEM)
    client_prefix = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(name="security_event_by_time", fields=("at",)),
            models.Index(name="security_event_by_subject", fields=("subject", "-id")),
        )

    def __str__(self) -> str:
        return self.name

"""A message of a task that was refused."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock


class DeadLetter(models.Model):
    """A task that did not run, with all that is needed to send it again.

    A table and not a queue: one tenant's letters are found among all others, and the
    broker, which only carries the news, may lose what it has.
    """

    class Reason(models.TextChoices):
        NAMELESS = "nameless", _("Names no tenant")
        UNKNOWN = "unknown", _("Unknown tenant")
        STOPPED = "stopped", _("Tenant stopped; sent again on resume")
        STALE = "stale", _("Sent before the tenant was reset")

    id = models.BigAutoField(primary_key=True)
    task_id = models.CharField(max_length=255, unique=True)
    task = models.CharField(max_length=255)
    tenant = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    detail = models.CharField(max_length=255)
    message = models.TextField()
    refused_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["-refused_at"]
        verbose_name = _("refused task")
        verbose_name_plural = _("refused tasks")
        indexes = [
            models.Index(
                fields=["tenant", "refused_at"],
                condition=models.Q(reason="stopped"),
                name="dead_letter_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task}: {self.detail}"

"""Counts of the limiter: one row per scope, key and window."""

from django.db import models

from kernel import clock


class LimitCounter(models.Model):
    """How often something was tried in one window of time; the key is a hash."""

    scope = models.CharField(max_length=40)
    key_hash = models.BinaryField(max_length=32)
    window_start = models.DateTimeField()
    hits = models.PositiveIntegerField(default=0)
    last_hit_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="limit_counter_once", fields=("scope", "key_hash", "window_start")
            ),
        )
        indexes = (
            models.Index(name="limit_counter_by_window", fields=("window_start",)),
        )

    def __str__(self) -> str:
        return f"{self.scope} {self.hits}"

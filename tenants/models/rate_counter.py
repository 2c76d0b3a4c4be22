"""How often somebody did something within a window of time."""

from django.db import models


class RateCounter(models.Model):
    """A count for one hashed subject in one window; raised by one atomic statement."""

    id = models.BigAutoField(primary_key=True)
    subject = models.BinaryField(max_length=32)
    window_start = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "window_start"], name="rate_counter_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} since {self.window_start:%H:%M}"

"""What the control plane does from time to time, and when next."""

from django.db import models

from kernel import clock


class Chore(models.Model):
    """One recurring duty; whoever moves `next_due` on does it, and nobody else."""

    name = models.CharField(max_length=32, primary_key=True)
    next_due = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name

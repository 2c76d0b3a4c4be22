"""Schemas that wait for a tenant."""

from django.db import models

from kernel import clock


class WarmSchema(models.Model):
    """A schema of nobody's yet, made of a template, with the role that it keeps."""

    class State(models.TextChoices):
        BUILDING = "building"
        READY = "ready"
        CLAIMED = "claimed"

    schema_name = models.CharField(max_length=63, primary_key=True)
    db_role = models.CharField(max_length=63, unique=True)
    #: The revision of its template; empty where a template is being compiled in it.
    revision = models.CharField(max_length=16, blank=True)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.BUILDING
    )
    state_since = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["state_since"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^w_[a-z2-7]{12}$"),
                name="warm_schema_opaque",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schema_name}: {self.state}"

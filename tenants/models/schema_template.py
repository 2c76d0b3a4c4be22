"""The compiled template of a tenant's schema, one for each revision of the code."""

from django.db import models

from kernel import clock


class SchemaTemplate(models.Model):
    """The statements that make a tenant's schema, and the rows it begins with."""

    revision = models.CharField(max_length=16, primary_key=True)
    #: Single statements without the name of a schema, in their order.
    statements = models.JSONField()
    #: The migrations that it stands for, as pairs of label and name.
    migrations = models.JSONField()
    compiled_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-compiled_at"]

    def __str__(self) -> str:
        return self.revision

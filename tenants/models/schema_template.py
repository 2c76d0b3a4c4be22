"""The compiled template of a tenant's schema, one for each revision of the code."""

from django.db import models

from kernel import clock


class SchemaTemplate(models.Model):
    """The statements that make a tenant's schema, and the rows it begins with."""

    revision = models.CharField(max_length=16, primary_key=True)
    #: The lines of its script: place, name and a statement without a schema's name.
    script = models.JSONField()
    #: Statements for the first rows.
    seeds = models.JSONField()
    #: The migrations that it stands for, as pairs of label and name.
    migrations = models.JSONField()
    #: The keys of content types and permissions: by table, `rows` and the `last` one.
    numbers = models.JSONField(default=dict)
    #: What it was made of: a word for each migration and model, by name.
    parts = models.JSONField(default=dict)
    compiled_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-compiled_at"]

    def __str__(self) -> str:
        return self.revision

    @property
    def statements(self) -> list[str]:
        """Return all that makes a schema, one statement each, in their order."""
        return [*(text for _place, _name, text in self.script), *self.seeds]

"""Forty-five tables, as many as a product of some size has; all have the same shape."""

from django.db import models

TABLES = 45


class Thing(models.Model):
    """What each table has: seven columns, two indexes and two constraints."""

    name = models.CharField(max_length=80, unique=True)
    note = models.TextField(blank=True)
    size = models.IntegerField(default=0)
    is_open = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        abstract = True


def thing(number: int) -> type[models.Model]:
    """Return the table of this number; each but the first belongs to the one before."""
    columns = {"__module__": __name__}
    if number > 1:
        columns["owner"] = models.ForeignKey(
            f"estate.Thing{number - 1}", models.CASCADE, null=True
        )
    return type(f"Thing{number}", (Thing,), columns)


THINGS = [thing(number) for number in range(1, TABLES + 1)]

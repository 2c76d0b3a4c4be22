"""The history of the forty-five tables, in twenty migrations, and what comes next."""

from collections.abc import Iterator

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

TABLES = 45
#: The first of them make three tables each, the others change what is there.
MAKING = 15
MORE = 10


def migration(number: int) -> type[migrations.Migration]:
    """Return the class of one migration."""
    making = making_tables(number) if number <= MAKING else changing(number)
    before = [("estate", f"{number - 1:04}")] if number > 1 else []
    return type(
        "Migration",
        (migrations.Migration,),
        {"dependencies": before, "operations": list(making)},
    )


def making_tables(number: int) -> Iterator[Operation]:
    first = 3 * (number - 1) + 1
    for table in range(first, first + 3):
        yield migrations.CreateModel(f"Thing{table}", list(columns(table)))


def columns(table: int) -> Iterator[tuple[str, models.Field]]:
    yield "id", models.BigAutoField(primary_key=True)
    yield "name", models.CharField(max_length=40, unique=True)
    yield "size", models.IntegerField(default=0)
    yield "is_open", models.BooleanField(default=True)
    yield "made_at", models.DateTimeField(auto_now_add=True, db_index=True)
    if table > 1:
        yield (
            "owner",
            models.ForeignKey(f"estate.Thing{table - 1}", models.CASCADE, null=True),
        )


def changing(number: int) -> Iterator[Operation]:
    """Widen and lengthen nine tables."""
    first = 9 * (number - MAKING - 1) + 1
    for table in range(first, first + 9):
        name = f"Thing{table}"
        longer = models.CharField(max_length=80, unique=True)
        yield migrations.AlterField(name, "name", longer)
        yield migrations.AddField(
            name, "note", models.TextField(default="", blank=True)
        )


def ten_columns() -> Iterator[Operation]:
    """Add ten columns, as one release does."""
    for number in range(1, MORE + 1):
        column = models.IntegerField(default=0, db_default=0)
        yield migrations.AddField(f"Thing{4 * number}", "extra", column)

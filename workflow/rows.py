"""The columns of a model in a statement of our own, and its rows as the model's."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

Row = TypeVar("Row", bound=Model)


class Columns(Generic[Row]):
    """All columns of a model, in the order of its fields, under a table's alias."""

    def __init__(self, model: type[Row], alias: str) -> None:
        self.model = model
        fields = model._meta.concrete_fields  # noqa: SLF001 - Django's public name
        self.names = [field.attname for field in fields]
        self.text = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.converters = [
            (place, field, field.get_db_converters(connection))
            for place, field in enumerate(fields)
            if field.get_db_converters(connection)
        ]

    def __len__(self) -> int:
        return len(self.names)

    def made(self, values: Sequence[Any]) -> Row:
        """Return an instance of the model from what the database answered."""
        row = list(values)
        for place, field, converters in self.converters:
            for convert in converters:
                row[place] = convert(row[place], field, connection)
        return self.model.from_db(DEFAULT_DB_ALIAS, self.names, row)

"""The variables of an instance: typed by the process, where it says how.

`data_schema` of a process names the types, as conditions know them:

    {"amount": "number", "urgent": "boolean", "due": "date"}

Without a schema any JSON is kept. With one, a value of another type is refused, and
so is a name that is not there; a variable may always be null.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from workflow.errors import DataInvalid

TYPES: Final = ("string", "number", "boolean", "date", "choice", "json")


def checked(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, each of its type. Raises DataInvalid with every finding."""
    if not schema:
        return dict(values)
    errors = [
        {"field": str(name)[:100], "message": problem}
        for name, value in values.items()
        if (problem := _problem(schema.get(name), value))
    ]
    if errors:
        raise DataInvalid(
            f"{errors[0]['field']}: {errors[0]['message']}", extra={"errors": errors}
        )
    return dict(values)


def merged(step: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a step's instance with new ones over the old ones."""
    return {**step.instance.data, **checked(step.graph.data_schema, new)}


def _problem(kind: object, value: object) -> str:
    """Return what is wrong with a value; empty where nothing is."""
    if kind is None:
        return "The process has no such variable."
    if value is None or kind == "json" or _fits(str(kind), value):
        return ""
    return f"This is no {kind}."


def _fits(kind: str, value: object) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "date":
        return isinstance(value, str) and _is_date(value)
    return isinstance(value, str)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

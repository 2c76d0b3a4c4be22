"""The names that a condition may read, and their types.

There is no walk along attributes: a dotted name is in this list or an error.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

#: What a document registers for its fields.
FieldType = Literal["string", "number", "boolean", "date", "choice"]
#: What a term of an expression can be.
Type = Literal["string", "number", "boolean", "date", "none", "list"]

NAMES: Mapping[str, Type] = MappingProxyType(
    {
        "instance.condition": "string",
        "instance.title": "string",
        "instance.user.username": "string",
        "instance.process_version": "number",
        "workitem.priority": "number",
        "workitem.activity.title": "string",
    }
)


def names_with(fields: Mapping[str, FieldType]) -> dict[str, Type]:
    """Return every name that may be read about a document with these fields."""
    document: dict[str, Type] = {
        f"wfobject.{name}": "string" if kind == "choice" else kind
        for name, kind in fields.items()
    }
    return {**NAMES, **document}

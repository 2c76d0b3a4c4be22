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


#: What a variable or a field of a type is in an expression; JSON cannot be compared.
TYPES: Mapping[object, Type] = MappingProxyType(
    {
        "string": "string",
        "choice": "string",
        "number": "number",
        "boolean": "boolean",
        "date": "date",
    }
)
NO_VARIABLES: Mapping[str, object] = MappingProxyType({})


def names_with(
    fields: Mapping[str, FieldType], data: Mapping[str, object] = NO_VARIABLES
) -> dict[str, Type]:
    """Return every name that may be read about a document with these fields.

    `data` is the `data_schema` of the process: the types of its variables.
    """
    document = {f"wfobject.{name}": TYPES[kind] for name, kind in fields.items()}
    variables = {
        f"instance.data.{name}": TYPES[kind]
        for name, kind in data.items()
        if isinstance(kind, str) and kind in TYPES
    }
    return {**NAMES, **document, **variables}

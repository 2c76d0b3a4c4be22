"""Whether what goes into a subflow, and what comes back, fits the types of both sides.

How a mapping is written is told in `workflow.subflow`, which carries it out: a text is
a variable of the other side, by `instance.data.KEY` or by a name of its types, and
anything else, other texts included, stands for itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflow import handlers, variables
from workflow.errors import DataInvalid

VARIABLE: Final = "instance.data."
#: In `map_in` the document of the child, where it is another one than the parent's.
DOCUMENT: Final = "document"
#: In `map_out` the outcome of the parent's work item; the child's own, by that name.
OUTCOME: Final = "condition"
LAST_OUTCOME: Final = "instance.condition"

Schema = Mapping[str, Any]


def into_child(written: Schema, *, parent: Schema, child: Schema) -> Iterator[str]:
    """Yield a sentence for each entry of `map_in` that does not fit."""
    for name, value in written.items():
        if name == DOCUMENT:
            yield from _document(value, parent)
        else:
            yield from _entry(name, value, target=child, source=parent)


def back_to_parent(written: Schema, *, parent: Schema, child: Schema) -> Iterator[str]:
    """Yield a sentence for each entry of `map_out` that does not fit."""
    for name, value in written.items():
        if name != OUTCOME:
            yield from _entry(name, value, target=parent, source=child)
        elif value != LAST_OUTCOME:
            yield from _fits(OUTCOME, "string", value, child)


def _entry(name: str, value: Any, *, target: Schema, source: Schema) -> Iterator[str]:
    kind = type_in(target, name)
    if kind is None:
        yield f"there is no variable {name!r} to write."
    else:
        yield from _fits(name, kind, value, source)


def _fits(name: str, kind: str, value: Any, source: Schema) -> Iterator[str]:
    variable = variable_of(value, source)
    if variable is None:
        yield from _literal(name, kind, value)
        return
    given = type_in(source, variable)
    if given is None:
        yield f"there is no variable {variable!r} to read for {name!r}."
    elif not _alike(given, kind):
        yield f"{variable!r} is a {given}, and {name!r} a {kind}."


def variable_of(value: Any, schema: Schema) -> str | None:
    """Return the name of the variable that a value stands for, if it does for one."""
    if not isinstance(value, str):
        return None
    if value.startswith(VARIABLE):
        return value.removeprefix(VARIABLE)
    return value if value in schema else None


def type_in(schema: Schema, name: str) -> str | None:
    """Return the type of a variable: `json` where anything goes, None without one."""
    if not schema:
        return "json"
    kind = schema.get(name)
    return str(kind) if kind is not None else None


def _literal(name: str, kind: str, value: Any) -> Iterator[str]:
    try:
        variables.checked({name: kind}, {name: value})
    except DataInvalid:
        yield f"the value of {name!r} is no {kind}."


def _alike(given: str, wanted: str) -> bool:
    words = {"string", "choice"}
    return given == wanted or "json" in {given, wanted} or {given, wanted} == words


def _document(value: Any, parent: Schema) -> Iterator[str]:
    """Look at `{"model": "app.model", "object_id": a variable or a number}`."""
    if not isinstance(value, Mapping) or set(value) != {"model", "object_id"}:
        yield "a document is written with `model` and `object_id`."
        return
    model = str(value["model"])[:100]
    if model.lower() not in handlers.documents:
        yield f"there is no document {model!r}."
    key = value["object_id"]
    # Here a variable is named in full: a bare text is the key itself.
    variable = variable_of(key, {})
    kind = type_in(parent, variable) if variable is not None else None
    if variable is not None and kind not in {"string", "number", "json"}:
        yield "the key of the document is a variable with a text or a number."
    elif not isinstance(key, str | int):
        yield "the key of the document is a text or a number."

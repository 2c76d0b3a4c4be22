"""What goes into a subflow's instance, and what comes back from it.

    map_in  = {"limit": "amount", "kind": {"value": "small"}, "urgent": true}
    map_out = {"checked_by": "checker", "condition": "instance.condition"}

On the left stands the variable that gets a value: of the child in `map_in`, of the
parent in `map_out`. On the right stands a text, which names a variable of the other
side or `instance.condition`, its last outcome; or a literal: a number, true, false,
null, or any JSON as `{"value": ...}`.
`condition` in `map_out` is the outcome with which the parent's work item is completed.
`wfobject` in `map_in` is the document of the child, where it is another one than the
parent's: `{"model": "leave.leaverequest", "id": "a variable of the parent"}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflow import handlers, variables
from workflow.errors import DataInvalid

OUTCOME: Final = "condition"
DOCUMENT: Final = "wfobject"
#: What may be read of an instance beside its variables.
LAST_OUTCOME: Final = "instance.condition"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the other side, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it is written."""

    value: Any


def source(written: Any) -> Variable | Literal:
    """Return what a right side means. Raises ValueError on what means nothing."""
    if isinstance(written, str):
        return Variable(written)
    if isinstance(written, Mapping):
        if set(written) != {"value"}:
            raise ValueError("A literal is written as {'value': ...}.")
        return Literal(written["value"])
    if isinstance(written, list):
        raise ValueError("A list is written as {'value': [...]}.")  # noqa: TRY004 - one error for what was written
    return Literal(written)


def problems(
    mapping: Mapping[str, Any], *, target: Schema, source_schema: Schema, inward: bool
) -> Iterator[str]:
    """Yield a sentence for each entry that fits the types of the two sides badly.

    A side without types takes and gives anything.
    """
    for name, written in mapping.items():
        if inward and name == DOCUMENT:
            yield from _document(written, source_schema)
            continue
        kind = "string" if not inward and name == OUTCOME else _kind(target, name)
        if kind is None:
            yield f"There is no variable {name!r} to write."
            continue
        yield from _entry(name, kind, written, source_schema)


def _kind(schema: Schema, name: str) -> str | None:
    """Return the type of a variable, `json` where anything goes, None without one."""
    if not schema:
        return "json"
    kind = schema.get(name)
    return str(kind) if kind is not None else None


def _entry(name: str, kind: str, written: Any, schema: Schema) -> Iterator[str]:
    try:
        right = source(written)
    except ValueError as problem:
        yield f"{name!r}: {problem}"
        return
    if isinstance(right, Literal):
        yield from _literal(name, kind, right)
        return
    given = "string" if right.name == LAST_OUTCOME else _kind(schema, right.name)
    if given is None:
        yield f"There is no variable {right.name!r} to read for {name!r}."
    elif not _fits(given, kind):
        yield f"{right.name!r} is a {given}, and {name!r} a {kind}."


def _literal(name: str, kind: str, literal: Literal) -> Iterator[str]:
    try:
        variables.checked({name: kind}, {name: literal.value})
    except DataInvalid:
        yield f"The value of {name!r} is no {kind}."


def _fits(given: str, wanted: str) -> bool:
    words = {"string", "choice"}
    return given == wanted or "json" in {given, wanted} or {given, wanted} == words


def _document(written: Any, schema: Schema) -> Iterator[str]:
    if not isinstance(written, Mapping) or set(written) != {"model", "id"}:
        yield "A document is written as {'model': 'app.model', 'id': 'a variable'}."
        return
    model, variable = written["model"], written["id"]
    if not isinstance(model, str) or model.lower() not in handlers.documents:
        yield f"There is no document named {str(model)[:100]!r}."
    kind = _kind(schema, variable) if isinstance(variable, str) else None
    if kind not in {"string", "number", "json"}:
        yield "The document's id is a variable with a text or a number."

"""A condition that was read, as frozen data."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from workflow.conditions.types import Type

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Always:
    """True or false, whatever the outcome."""

    answer: bool


@dataclass(frozen=True, slots=True)
class Timeout:
    """True once the time has passed; fired by a timer, never asked at completion."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class OneOf:
    """The outcome is one of the values, or none of them."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Value
    type: Type
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the list of what may be read."""

    name: str
    type: Type
    position: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list of literals and names."""

    items: "tuple[Node, ...]"
    position: int
    type: Type = "list"


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    operand: "Node"
    position: int
    type: Type = "boolean"


@dataclass(frozen=True, slots=True)
class Both:
    """All, or any, of the operands; stops at the first that decides."""

    word: Literal["and", "or"]
    operands: "tuple[Node, ...]"
    position: int
    type: Type = "boolean"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain of comparisons: `1 < a <= 5`."""

    first: "Node"
    rest: "tuple[tuple[Operator, Node], ...]"
    position: int
    type: Type = "boolean"


@dataclass(frozen=True, slots=True)
class IsNone:
    """Whether the term has no value."""

    operand: "Node"
    negated: bool
    position: int
    type: Type = "boolean"


Node = Constant | Name | Items | Not | Both | Comparison | IsNone


@dataclass(frozen=True, slots=True)
class Expression:
    """A boolean expression over the names that may be read."""

    node: Node
    text: str


Condition = Always | Timeout | OneOf | Expression

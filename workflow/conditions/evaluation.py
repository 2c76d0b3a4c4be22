"""Ask a condition about a token: pure, and it stops at the first part that decides."""

import operator
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from workflow.conditions.parts import (
    Always,
    Both,
    Comparison,
    Condition,
    Constant,
    IsNone,
    Items,
    Name,
    Node,
    Not,
    OneOf,
    Timeout,
)

#: Returns what a name of the list holds; raises FactMissing where nothing can tell.
Reader = Callable[[str], Any]


class FactMissing(LookupError):
    """What a condition reads cannot be read: the document is gone or has changed."""


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERINGS = frozenset({"<", "<=", ">", ">="})


def evaluate(condition: Condition, *, outcome: str | None, value: Reader) -> bool:
    """Return whether the transition may be taken with this outcome.

    A timeout is never true here: only its timer takes it.
    Raises FactMissing where a name cannot be read.
    """
    if isinstance(condition, Always):
        return condition.answer
    if isinstance(condition, OneOf):
        return (outcome in condition.values) is not condition.negated
    if isinstance(condition, Timeout):
        return False
    return bool(_value(condition.node, value))


def _value(node: Node, read: Reader) -> Any:  # noqa: PLR0911 - one line for each kind
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Name):
        return read(node.name)
    if isinstance(node, Items):
        return [_value(item, read) for item in node.items]
    if isinstance(node, Not):
        return not _value(node.operand, read)
    if isinstance(node, IsNone):
        return (_value(node.operand, read) is None) is not node.negated
    if isinstance(node, Both):
        answers: Iterable[bool] = (bool(_value(part, read)) for part in node.operands)
        return all(answers) if node.word == "and" else any(answers)
    return _holds(node, read)


def _holds(node: Comparison, read: Reader) -> bool:
    left = _value(node.first, read)
    for word, part in node.rest:
        right = _value(part, read)
        if not _compare(left, word, right):
            return False
        left = right
    return True


def _compare(left: Any, word: str, right: Any) -> bool:
    if word in {"in", "not in"}:
        return _contains(right, left) is (word == "in")
    if word in ORDERINGS and (left is None or right is None):
        return False
    left, right = _days(left, right)
    try:
        return COMPARE[word](left, right)
    except TypeError as problem:
        raise FactMissing(str(problem)) from problem


def _contains(collection: Any, item: Any) -> bool:
    if collection is None or (isinstance(collection, str) and item is None):
        return False
    if isinstance(collection, str):
        return str(item) in collection
    return any(_compare(item, "==", candidate) for candidate in collection)


def _days(left: Any, right: Any) -> tuple[Any, Any]:
    """Turn a day written as text into a date where the other one is a date."""
    if isinstance(left, date) and isinstance(right, str):
        return _day(left), date.fromisoformat(right)
    if isinstance(right, date) and isinstance(left, str):
        return date.fromisoformat(left), _day(right)
    return left, right


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value

"""From what an author typed to what is stored (rules N1 to N13), and back to data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from workflow.conditions.parser import parse
from workflow.conditions.parts import (
    Always,
    Condition,
    Constant,
    Expression,
    Node,
    OneOf,
    Timeout,
)
from workflow.conditions.problem import ConditionProblem
from workflow.conditions.types import NO_VARIABLES, FieldType, Type, names_with

Strategy = Literal["compatible", "strict"]

LONGEST = 1000
LONGEST_TIMEOUT = timedelta(days=3650)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
UNITS = {
    alias: unit
    for unit, aliases in {
        "s": "s sec second seconds",
        "m": "m min minute minutes",
        "h": "h hour hours",
        "d": "d day days",
        "w": "w week weeks",
    }.items()
    for alias in aliases.split()
}
TIMEOUT = re.compile(r"timeout\s*:\s*(\d{1,9})\s*([a-z]*)", re.IGNORECASE | re.ASCII)
TIMEOUT_WORD = re.compile(r"timeout\s*:", re.IGNORECASE)
TIMEOUT_CALL = re.compile(
    r"workitem\.time_?out\(\s*(\d{1,9})\s*"
    r"(?:,\s*(?:unit\s*=\s*)?(['\"])([a-z]+)\2\s*)?\)",
    re.IGNORECASE | re.ASCII,
)
TIMEOUT_INSIDE = re.compile(r"\btime_?out\s*\(|\btimeout\s*:\s*\d", re.IGNORECASE)
PREFIX = re.compile(r"(eq|ne|in|notin)\s*:(.*)", re.IGNORECASE | re.DOTALL)
MARKS = ("==", "!=", " in ", " and ", " or ", "(", ")", ">", "<")
OPENINGS = ("not ", "instance.", "workitem.", "wfobject.")


@dataclass(frozen=True, slots=True)
class Normalised:
    """The text to store, and what the author should know about it."""

    text: str
    warning: str = ""


def normalise(
    raw: str | None,
    *,
    fields: Mapping[str, FieldType],
    data: Mapping[str, object] = NO_VARIABLES,
    strategy: Strategy = "compatible",
) -> Normalised:
    """Return the condition as it is stored.

    `fields` are those of the documents that the process may be about, and `data` is
    the `data_schema` of the process.
    Raises ConditionProblem, with the place, on what must be refused.
    """
    text = (raw or "").strip()
    if not text:
        return Normalised("")
    if len(text) > LONGEST or "\x00" in text:
        raise ConditionProblem("The condition is too long.", LONGEST, is_final=True)
    result = (
        _timeout(text)
        or _keyword(text)
        or _prefix(text)
        or _expression(text, names_with(fields, data), strategy)
        or Normalised(f"eq:{text}")
    )
    if len(result.text) > LONGEST:
        raise ConditionProblem("The condition is too long.", LONGEST, is_final=True)
    return result


def compiled(
    stored: str,
    *,
    fields: Mapping[str, FieldType],
    data: Mapping[str, object] = NO_VARIABLES,
) -> Condition:
    """Return a stored condition as data. Raises ConditionProblem on a foreign text."""
    if stored in {"", "true"}:
        return Always(answer=True)
    if stored == "false":
        return Always(answer=False)
    if match := TIMEOUT.fullmatch(stored):
        return Timeout(_duration(match))
    if match := PREFIX.fullmatch(stored):
        word, text = match.groups()
        values = tuple(text.split(",")) if word in {"in", "notin"} else (text,)
        return OneOf(values, negated=word in {"ne", "notin"})
    node = parse(stored, names_with(fields, data))
    if node.type != "boolean":
        raise ConditionProblem("This is neither true nor false.", node.position)
    return Expression(node, stored)


def _timeout(text: str) -> Normalised | None:
    match = TIMEOUT.fullmatch(text)
    if match:
        _duration(match)
        return Normalised(f"timeout:{int(match[1])}{_unit(match[2], match.start(2))}")
    if match := TIMEOUT_CALL.fullmatch(text):
        unit = _unit(match[3] or "", max(match.start(3), 0))
        result = f"timeout:{int(match[1])}{unit}"
        _duration(TIMEOUT.fullmatch(result))
        return Normalised(result)
    if word := TIMEOUT_WORD.match(text):
        raise ConditionProblem(
            "Write the time like timeout:3d, with s, m, h, d or w.",
            word.end(),
            max(len(text) - word.end(), 1),
            is_final=True,
        )
    return None


def _unit(word: str, position: int) -> str:
    if not word:
        return "d"
    if word.lower() not in UNITS:
        raise ConditionProblem(
            f"{word!r} is no unit of time; use s, m, h, d or w.",
            position,
            len(word),
            is_final=True,
        )
    return UNITS[word.lower()]


def _duration(match: re.Match[str] | None) -> timedelta:
    if match is None:
        raise ConditionProblem("This is no time.", is_final=True)
    seconds = int(match[1]) * SECONDS[_unit(match[2], match.start(2))]
    if seconds > LONGEST_TIMEOUT.total_seconds():
        message = "A timeout is at most ten years."
        raise ConditionProblem(message, match.start(1), len(match[1]), is_final=True)
    return timedelta(seconds=seconds)


def _keyword(text: str) -> Normalised | None:
    return Normalised(text.lower()) if text.lower() in {"true", "false"} else None


def _prefix(text: str) -> Normalised | None:
    match = PREFIX.fullmatch(text)
    if match is None:
        return None
    word = match[1].lower()
    parts = match[2].split(",") if word in {"in", "notin"} else [match[2]]
    values = [value.strip() for value in parts if value.strip()]
    if not values:
        raise ConditionProblem("A value is missing here.", len(text), is_final=True)
    return Normalised(f"{word}:{','.join(values)}")


def _expression(
    text: str, names: Mapping[str, Type], strategy: Strategy
) -> Normalised | None:
    if not _looks_like_expression(text):
        return None
    if inside := TIMEOUT_INSIDE.search(text):
        raise ConditionProblem(
            "A timeout stands alone, never inside an expression.",
            inside.start(),
            inside.end() - inside.start(),
            is_final=True,
        )
    try:
        node = parse(text, names)
    except ConditionProblem as problem:
        if strategy == "strict":
            raise
        return Normalised(f"eq:{text}", f"Taken as the outcome {text!r}: {problem}")
    return _by_type(text, node)


def _looks_like_expression(text: str) -> bool:
    return any(mark in text for mark in MARKS) or text.startswith(OPENINGS)


def _by_type(text: str, node: Node) -> Normalised:
    if node.type == "boolean":
        return Normalised(text)
    if isinstance(node, Constant) and node.type == "string":
        outcome = str(node.value).strip()
        if outcome:
            return Normalised(f"eq:{outcome}")
    raise ConditionProblem(
        "A condition is true or false, and this is neither.",
        node.position,
        len(text) - node.position,
        is_final=True,
    )

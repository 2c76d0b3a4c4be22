"""What an author wrote, as it is stored: keys, conditions, parameters and defaults."""

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from workflow import conf, graph
from workflow.conditions import (
    Condition,
    ConditionProblem,
    Normalised,
    Timeout,
    compiled,
    normalise,
)
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.findings import Finding

#: No parameters that a person writes are longer.
LONGEST_TEXT = 65_536
PARAMETERS = ("pushapp_param", "app_param", "map_in", "map_out")


def prepared(data: ProcessData) -> tuple[ProcessData, list[Finding]]:
    """Return the process as it is stored, and what of it could not be read.

    A condition that cannot be read is left as it was typed, with a finding that says
    where; so are parameters.
    """
    found: list[Finding] = []
    activities = tuple(_with_parameters(data.activities, found))
    data = replace(data, activities=activities)
    ways = tuple(_with_conditions(data, found))
    return replace(data, transitions=_with_defaults(activities, ways)), found


def retyped(data: ProcessData) -> ProcessData:
    """Return a stored process with the conditions as typed that could not be read.

    They are stored as empty ones, beside what was typed.
    """
    ways = (
        replace(way, condition=way.condition or way.typed or "")
        for way in data.transitions
    )
    return replace(data, transitions=tuple(ways))


def stored(data: ProcessData, found: Iterable[Finding]) -> ProcessData:
    """Return the contrary: conditions that could not be read become empty."""
    wrong = {one.transition for one in found if one.code == "condition.invalid"}
    ways = (
        replace(way, condition="") if way.key in wrong else way
        for way in data.transitions
    )
    return replace(data, transitions=tuple(ways))


def condition_of(data: ProcessData, way: TransitionData) -> Condition:
    """Return the condition of a prepared transition.

    Raises ConditionProblem where it could not be read.
    """
    return compiled(way.condition, fields=graph.document_fields(), data=schema_of(data))


def is_timeout(data: ProcessData, way: TransitionData) -> bool:
    """Tell whether time takes the transition, and no person."""
    try:
        return isinstance(condition_of(data, way), Timeout)
    except ConditionProblem:
        return False


def schema_of(data: ProcessData) -> Mapping[str, object]:
    """Return the types of the variables, empty where they are written wrongly."""
    schema: object = data.data_schema
    return data.data_schema if isinstance(schema, Mapping) else {}


def as_parameters(value: object) -> dict[str, object]:
    """Return parameters as a JSON object; text may be JSON or a Python literal.

    Raises ValueError on anything else.
    """
    if isinstance(value, str):
        value = _literal(value)
    if not isinstance(value, Mapping):
        raise ValueError("Parameters are an object, such as {'username': 'alice'}.")  # noqa: TRY004 - one error for what was typed
    return {str(name): inner for name, inner in value.items()}


def _literal(text: str) -> object:
    if not text.strip():
        return {}
    if len(text) > LONGEST_TEXT:
        raise ValueError("The parameters are too long.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("The parameters cannot be read.") from None


def _with_parameters(
    activities: Iterable[ActivityData], found: list[Finding]
) -> Iterator[ActivityData]:
    for activity in activities:
        read: dict[str, dict[str, object]] = {}
        for name in PARAMETERS:
            try:
                read[name] = as_parameters(getattr(activity, name))
            except ValueError as problem:
                read[name] = {}
                found.append(
                    Finding(
                        "activity.parameters",
                        f"{activity.title}: {problem}",
                        activity=activity.key,
                        field=name,
                    )
                )
        yield replace(activity, **read)  # type: ignore[arg-type]


def _with_conditions(
    data: ProcessData, found: list[Finding]
) -> Iterator[TransitionData]:
    fields = graph.document_fields()
    schema = schema_of(data)
    strategy = conf.value("GOFLOW_CONDITION_STRATEGY")

    def read(text: str) -> Normalised:
        return normalise(text, fields=fields, data=schema, strategy=strategy)

    for way in keyed(data.transitions):
        try:
            stored = read(way.condition)
        except ConditionProblem as problem:
            found.append(Finding.of_condition(problem, transition=way.key))
            yield replace(way, typed=way.condition.strip())
            continue
        if stored.warning:
            found.append(
                Finding(
                    "condition.as_outcome",
                    stored.warning,
                    level="warning",
                    transition=way.key,
                    field="condition",
                )
            )
        typed = _typed(way, stored.text, read).strip()
        yield replace(way, condition=stored.text, typed=typed)


def _typed(way: TransitionData, stored: str, read: Callable[[str], Normalised]) -> str:
    """Return what was typed: kept for as long as it means what is stored."""
    if way.typed is None:
        return way.condition
    try:
        return way.typed if read(way.typed).text == stored else way.condition
    except ConditionProblem:
        return way.condition


def keyed(ways: Iterable[TransitionData]) -> Iterator[TransitionData]:
    """Give a key to each transition that has none."""
    seen: Counter[str] = Counter()
    for way in ways:
        key = way.key or f"{way.source}--{way.target}"
        seen[key] += 1
        if not way.key and seen[key] > 1:
            key = f"{key}-{seen[key]}"
        yield replace(way, key=key)


def _with_defaults(
    activities: Iterable[ActivityData], ways: tuple[TransitionData, ...]
) -> tuple[TransitionData, ...]:
    """Flag the one unconditional way of an xor split, so that it never wins early."""
    xor = {activity.key for activity in activities if activity.split_mode == "xor"}
    plain = Counter(way.source for way in ways if not way.condition)
    conditional = {
        way.source
        for way in ways
        if way.condition and not way.condition.lower().startswith("timeout")
    }
    alone = {source for source in xor & conditional if plain[source] == 1}
    return tuple(
        replace(way, is_default=True)
        if not way.condition and way.source in alone
        else way
        for way in ways
    )

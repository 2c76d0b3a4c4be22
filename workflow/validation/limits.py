"""What no column can hold: asked first, so that nothing else meets it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kernel.errors import ApplicationError
from kernel.numbers import LARGEST_NUMBER
from kernel.text import has_controls, storable
from workflow import inputs
from workflow.conditions.normalisation import LONGEST as LONGEST_CONDITION
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.findings import Finding

KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
TRANSITION_KEY = re.compile(r"[A-Za-z0-9_-]+")
MOST_KEY = 64
MOST_TRANSITION_KEY = 140
MOST_TITLE = 100
#: The lengths of columns, by the name of the field.
OF_PROCESS = {"code": 100, "version_note": 255}
OF_ACTIVITY = {
    "push_application": 255,
    "application": 255,
    "form": 255,
    "form_template": 255,
    "compensation": 255,
    "sla_duration": 16,
    "sla_warn": 16,
    "subflow": 100,
    "subflow_binding": 10,
}
OF_TRANSITION = {
    "name": 50,
    "description": 100,
    "condition": LONGEST_CONDITION,
    "precondition": 255,
    "pre_hook": 255,
    "post_hook": 255,
}
OBJECTS = ("pushapp_param", "app_param", "map_in", "map_out")
MOST_ATTEMPTS = 100


def of(data: ProcessData) -> list[Finding]:
    """Return what cannot be stored."""
    return [*_process(data), *_activities(data), *_transitions(data)]


def _process(data: ProcessData) -> Iterator[Finding]:
    if not _is_title(data.title) or not data.code.strip():
        yield Finding("process.title", "The process needs a title and a code.")
    for name in _wrong(data, OF_PROCESS, texts=("description",)):
        yield Finding("process.text", f"{name} cannot be stored.", field=name)
    if not _is_number(data.priority):
        yield Finding("process.priority", "The priority is a number.", field="priority")
    if not is_object(data.data_schema):
        yield Finding("data.schema", "The variables cannot be stored.")


def _activities(data: ProcessData) -> Iterator[Finding]:
    for activity in data.activities:
        if not KEY.fullmatch(activity.key) or len(activity.key) > MOST_KEY:
            yield Finding(
                "activity.key", f"{activity.key!r} is no key.", activity=activity.key
            )
        elif not _is_title(activity.title):
            yield Finding(
                "activity.title",
                f"The activity {activity.key!r} needs a title.",
                activity=activity.key,
            )
        else:
            yield from _activity(activity)


def _activity(activity: ActivityData) -> Iterator[Finding]:
    wrong = _wrong(activity, OF_ACTIVITY, texts=("description",))
    objects = [name for name in OBJECTS if not is_object(getattr(activity, name))]
    for name in (*wrong, *objects):
        yield Finding(
            "activity.text",
            f"{activity.title}: {name} cannot be stored.",
            activity=activity.key,
            field=name,
        )
    most = activity.max_attempts
    if not _is_number(most) or not 0 < most <= MOST_ATTEMPTS:
        yield Finding(
            "activity.max_attempts",
            f"{activity.title!r} is tried once to a hundred times.",
            activity=activity.key,
            field="max_attempts",
        )


def _transitions(data: ProcessData) -> Iterator[Finding]:
    for way in data.transitions:
        if not TRANSITION_KEY.fullmatch(way.key) or len(way.key) > MOST_TRANSITION_KEY:
            yield Finding(
                "transition.key", f"{way.key!r} is no key.", transition=way.key
            )
        yield from _transition(way)


def _transition(way: TransitionData) -> Iterator[Finding]:
    for name in _wrong(way, OF_TRANSITION):
        yield Finding(
            "transition.name" if name == "name" else "transition.text",
            f"{name} of the transition {way.key!r} is too long or cannot be stored.",
            transition=way.key,
            field=name,
        )
    if not _is_number(way.order):
        yield Finding("transition.order", "The order is a number.", transition=way.key)


def _is_title(text: str) -> bool:
    fits = len(text.strip()) > 0 and len(text) <= MOST_TITLE
    return fits and storable(text) and not has_controls(text)


def _is_number(value: object) -> bool:
    fits = isinstance(value, int) and not isinstance(value, bool)
    return fits and abs(value) <= LARGEST_NUMBER  # type: ignore[arg-type]


def is_object(value: Any, *, most: int = inputs.LARGEST_DATA) -> bool:
    """Tell whether this is an object that a column of JSON can hold."""
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        return False
    try:
        inputs.require_data(dict(value), most=most)
    except (ApplicationError, TypeError, ValueError, RecursionError):
        return False
    return True


def _wrong(
    row: object, limits: Mapping[str, int], *, texts: tuple[str, ...] = ()
) -> list[str]:
    """Return the fields whose text is too long or holds what cannot be stored."""
    wrong = [
        name
        for name, most in limits.items()
        if len(getattr(row, name) or "") > most
        or not storable(getattr(row, name) or "")
    ]
    return [*wrong, *(name for name in texts if not storable(getattr(row, name)))]

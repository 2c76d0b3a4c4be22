"""What keeps a process from being published, found on plain data."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from kernel.errors import ApplicationError
from workflow import handlers
from workflow.conditions import Timeout, compiled
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.item_page import page_of

KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
MOST_KEY = 64
MOST_TITLE = 100
MOST_NAME = 50

Problem = dict[str, object]


def problems(data: ProcessData) -> list[Problem]:
    """Return every finding about a process whose conditions are normalised."""
    found = [*_words(data), *_ends(data)]
    if not found:
        found = [*_ways(data), *_handlers(data), *_reachable(data)]
    return found


def _problem(code: str, message: str, **where: str) -> Problem:
    return {"code": code, "message": message, **where}


def _words(data: ProcessData) -> Iterator[Problem]:
    """Look at titles and keys."""
    if not 0 < len(data.title.strip()) <= MOST_TITLE or not data.code.strip():
        yield _problem("process.title", "The process needs a title and a code.")
    if not data.activities or not data.transitions:
        yield _problem("process.empty", "A process has activities and transitions.")
    for activity in data.activities:
        if not 0 < len(activity.title.strip()) <= MOST_TITLE:
            yield _problem(
                "activity.title",
                f"The activity {activity.key!r} needs a title.",
                activity=activity.key,
            )
        if not KEY.fullmatch(activity.key) or len(activity.key) > MOST_KEY:
            yield _problem(
                "activity.key", f"{activity.key!r} is no key.", activity=activity.key
            )
    for way in data.transitions:
        if len(way.name) > MOST_NAME:
            yield _problem(
                "transition.name",
                f"The name {way.name!r} is too long.",
                transition=way.key,
            )
    yield from _twice("activity.key", (item.key for item in data.activities))
    yield from _twice("activity.title", (item.title for item in data.activities))
    yield from _twice("transition.key", (item.key for item in data.transitions))


def _twice(code: str, words: Iterable[str]) -> Iterator[Problem]:
    for word, times in Counter(words).items():
        if times > 1:
            yield _problem(code, f"{word!r} is there {times} times.")


def _ends(data: ProcessData) -> Iterator[Problem]:
    """Look at begin and end, and at the ends of the transitions."""
    keys = {activity.key for activity in data.activities}
    if data.begin not in keys or data.end not in keys or data.begin == data.end:
        yield _problem("process.ends", "Begin and end are two of the activities.")
    for way in data.transitions:
        if way.source not in keys or way.target not in keys:
            yield _problem(
                "transition.ends",
                f"The transition {way.key!r} leads from or to nowhere.",
                transition=way.key,
            )
        elif way.source == way.target:
            yield _problem(
                "transition.loop",
                f"The transition {way.key!r} leads back to its own activity.",
                transition=way.key,
            )
    if any(way.source == data.end for way in data.transitions):
        yield _problem("process.end_has_output", "Nothing leads on from the end.")
    if any(way.target == data.begin for way in data.transitions if _joins(data)):
        yield _problem("process.begin_joins", "The begin waits for no branches.")


def _joins(data: ProcessData) -> bool:
    return any(
        activity.key == data.begin and activity.join_mode == "and"
        for activity in data.activities
    )


def _ways(data: ProcessData) -> Iterator[Problem]:
    """Look at what leads on from each activity."""
    for activity in data.activities:
        leaving = [way for way in data.transitions if way.source == activity.key]
        timed = [way for way in leaving if _is_timeout(way)]
        others = [way for way in leaving if way not in timed]
        if activity.key != data.end and not others:
            yield _problem(
                "activity.no_output",
                f"Nothing leads on from {activity.title!r}.",
                activity=activity.key,
            )
        if timed and (activity.kind == "dummy" or activity.autostart):
            yield _problem(
                "timeout.on_automatic",
                f"{activity.title!r} waits for nobody, so it has no timeout.",
                activity=activity.key,
            )
        yield from _defaults(activity, leaving, others)


def _defaults(
    activity: ActivityData,
    leaving: list[TransitionData],
    others: list[TransitionData],
) -> Iterator[Problem]:
    defaults = [way for way in leaving if way.is_default]
    plain = [way for way in others if not way.condition]
    if len(defaults) > 1 or any(way.condition for way in defaults):
        yield _problem(
            "split.default",
            f"{activity.title!r} has at most one default, and it has no condition.",
            activity=activity.key,
        )
    if activity.split_mode == "xor" and len(plain) > 1:
        yield _problem(
            "split.ambiguous",
            f"{activity.title!r} has more than one way without a condition.",
            activity=activity.key,
        )


def _is_timeout(way: TransitionData) -> bool:
    from workflow.graph import document_fields

    return isinstance(compiled(way.condition, fields=document_fields()), Timeout)


def _handlers(data: ProcessData) -> Iterator[Problem]:
    """Look at the registered names."""
    for activity in data.activities:
        names = (
            (handlers.push_applications, activity.push_application),
            (applications_for(activity), activity.application),
            (handlers.forms, activity.form),
        )
        for registry, name in names:
            if name and name not in registry:
                yield _problem(
                    "handler.missing",
                    f"There is no {registry.kind} named {name!r}.",
                    activity=activity.key,
                )
        if activity.application and not activity.autostart:
            yield from _page(activity)
    for way in data.transitions:
        used = (
            (handlers.preconditions, way.precondition),
            (handlers.hooks, way.pre_hook),
            (handlers.hooks, way.post_hook),
        )
        for registry, name in used:
            if name and name not in registry:
                yield _problem(
                    "handler.missing",
                    f"There is no {registry.kind} named {name!r}.",
                    transition=way.key,
                )


def applications_for(activity: ActivityData) -> handlers.Registry[Any]:
    """Return where the application of an activity is looked for: work, or a page."""
    return handlers.auto_applications if activity.autostart else handlers.applications


def _page(activity: ActivityData) -> Iterator[Problem]:
    """Look at the page at which people do the work of an activity."""
    if (activity.application or "") in handlers.auto_applications:
        yield _problem(
            "application.by_hand",
            f"{activity.title!r} names an application and is not started by it.",
            activity=activity.key,
        )
    try:
        page_of(activity.app_param)
    except ApplicationError as problem:
        yield _problem("application.param", problem.detail, activity=activity.key)


def _reachable(data: ProcessData) -> Iterator[Problem]:
    """Look for activities that nothing leads to, or that never lead to the end."""
    forwards = _closure(data.begin, [(w.source, w.target) for w in data.transitions])
    backwards = _closure(data.end, [(w.target, w.source) for w in data.transitions])
    for activity in data.activities:
        if activity.key not in forwards:
            yield _problem(
                "activity.unreachable",
                f"Nothing leads to {activity.title!r}.",
                activity=activity.key,
            )
        if activity.key not in backwards:
            yield _problem(
                "activity.no_way_out",
                f"{activity.title!r} never leads to the end.",
                activity=activity.key,
            )


def _closure(start: str, steps: list[tuple[str, str]]) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for source, target in steps:
            if source == here and target not in found:
                found.add(target)
                waiting.append(target)
    return found

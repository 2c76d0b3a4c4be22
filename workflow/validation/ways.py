"""Where the ways of a process lead: splits, timeouts, and what is never reached."""

from collections.abc import Iterable, Iterator

from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.findings import Finding
from workflow.preparing import is_timeout


def of(data: ProcessData) -> Iterator[Finding]:
    """Return what keeps a token from its way to the end."""
    for activity in data.activities:
        leaving = [way for way in data.transitions if way.source == activity.key]
        timed = [way for way in leaving if is_timeout(data, way)]
        others = [way for way in leaving if way not in timed]
        yield from _outputs(data, activity, timed, others)
        yield from _ambiguous(activity, others)
    yield from _begin_joins(data)
    yield from _unreachable(data)


def _outputs(
    data: ProcessData,
    activity: ActivityData,
    timed: list[TransitionData],
    others: list[TransitionData],
) -> Iterator[Finding]:
    if activity.key != data.end and not others:
        yield Finding(
            "activity.no_output",
            f"Nothing leads on from {activity.title!r}.",
            activity=activity.key,
        )
    if timed and (activity.kind != "standard" or activity.autostart):
        yield Finding(
            "timeout.on_automatic",
            f"{activity.title!r} waits for nobody, so it has no timeout.",
            activity=activity.key,
        )


def _ambiguous(
    activity: ActivityData, others: list[TransitionData]
) -> Iterator[Finding]:
    plain = [way for way in others if not way.condition]
    if activity.split_mode == "xor" and len(plain) > 1:
        yield Finding(
            "split.ambiguous",
            f"{activity.title!r} has more than one way without a condition.",
            activity=activity.key,
        )


def _begin_joins(data: ProcessData) -> Iterator[Finding]:
    begin = next(one for one in data.activities if one.key == data.begin)
    entered = any(way.target == data.begin for way in data.transitions)
    if begin.join_mode == "and" and entered:
        yield Finding("process.begin_joins", "The begin waits for no branches.")


def _unreachable(data: ProcessData) -> Iterator[Finding]:
    """Look for activities that nothing leads to, or that never lead to the end."""
    forwards = reached(data.begin, ((w.source, w.target) for w in data.transitions))
    backwards = reached(data.end, ((w.target, w.source) for w in data.transitions))
    for activity in data.activities:
        if activity.key not in forwards:
            yield Finding(
                "activity.unreachable",
                f"Nothing leads to {activity.title!r}.",
                activity=activity.key,
            )
        if activity.key not in backwards:
            yield Finding(
                "activity.no_way_out",
                f"{activity.title!r} never leads to the end.",
                activity=activity.key,
            )


def reached(start: str, steps: Iterable[tuple[str, str]]) -> set[str]:
    """Return what the steps lead to, the start included."""
    leading: dict[str, list[str]] = {}
    for source, target in steps:
        leading.setdefault(source, []).append(target)
    found = {start}
    waiting = [start]
    while waiting:
        for target in leading.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found

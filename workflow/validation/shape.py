"""The shape of a process: what must be right before a draft is saved."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import get_args

from workflow import durations
from workflow.definitions import ActivityData, Kind, Mode, NodeType, ProcessData
from workflow.findings import Finding

LATEST = "latest"


def of(data: ProcessData) -> Iterator[Finding]:
    """Return what is wrong with the words, the ends and the ways of a process."""
    if not data.activities or not data.transitions:
        yield Finding("process.empty", "A process has activities and transitions.")
    yield from _twice("activity.key", (item.key for item in data.activities))
    yield from _twice("activity.title", (item.title for item in data.activities))
    yield from _twice("transition.key", (item.key for item in data.transitions))
    for activity in data.activities:
        yield from _kinds(activity)
        yield from _sla(activity)
        yield from _defaults(data, activity)
    yield from _ends(data)
    yield from _ways(data)
    yield from _isolated(data)


def _twice(code: str, words: Iterable[str]) -> Iterator[Finding]:
    for word, times in Counter(words).items():
        if times > 1:
            yield Finding(code, f"{word!r} is there {times} times.")


def _kinds(activity: ActivityData) -> Iterator[Finding]:
    def wrong(code: str, message: str, field: str) -> Finding:
        return Finding(code, message, activity=activity.key, field=field)

    title = activity.title
    if activity.kind not in get_args(Kind):
        yield wrong("activity.kind", f"{title!r} is of no known kind.", "kind")
    if activity.node_type not in get_args(NodeType):
        yield wrong(
            "activity.node_type", f"{title!r} is drawn as nothing.", "node_type"
        )
    modes = {activity.join_mode, activity.split_mode}
    if not modes <= set(get_args(Mode)):
        yield wrong("activity.mode", f"{title!r} joins or splits in no known way.", "")
    if (activity.kind == "subflow") is not bool(activity.subflow):
        text = f"{title!r} names a process if it is a subflow, and only then."
        yield wrong("subflow.name", text, "subflow")
    binding = activity.subflow_binding
    if binding != LATEST and not (binding.isascii() and binding.isdigit()):
        text = f"{title!r} is bound to `latest` or to the number of a version."
        yield wrong("subflow.binding", text, "subflow_binding")
    yield from _node_type(activity)


def _node_type(activity: ActivityData) -> Iterator[Finding]:
    title, drawn = activity.title, activity.node_type
    rules = {
        "gateway": (
            activity.kind == "dummy" and not (activity.form or activity.form_template),
            f"{title!r} is a gateway: a dummy without a form.",
        ),
        "service": (activity.autostart, f"The service {title!r} starts by itself."),
        "script": (
            activity.autostart and activity.autofinish,
            f"The script {title!r} starts and finishes by itself.",
        ),
        "notification": (
            not activity.form,
            f"The notification {title!r} has no form.",
        ),
    }
    is_right, message = rules.get(drawn, (True, ""))
    if not is_right:
        yield Finding(f"{drawn}.invalid", message, activity=activity.key)


def _sla(activity: ActivityData) -> Iterator[Finding]:
    """Look at the service level: durations, and a warning before the end."""
    read = {}
    for name in ("sla_duration", "sla_warn"):
        try:
            read[name] = durations.parsed(getattr(activity, name))
        except ValueError:
            yield Finding(
                "sla.duration",
                f"{activity.title!r}: write {name} like 3d, with s, m, h, d or w.",
                activity=activity.key,
                field=name,
            )
            return
    warn, whole = read["sla_warn"], read["sla_duration"]
    if warn is not None and (whole is None or warn >= whole):
        yield Finding(
            "sla.warn",
            f"{activity.title!r}: the warning comes before the time is over.",
            activity=activity.key,
            field="sla_warn",
        )


def _defaults(data: ProcessData, activity: ActivityData) -> Iterator[Finding]:
    leaving = [way for way in data.transitions if way.source == activity.key]
    defaults = [way for way in leaving if way.is_default]
    if len(defaults) > 1 or any(way.condition for way in defaults):
        yield Finding(
            "split.default",
            f"{activity.title!r} has at most one default, and it has no condition.",
            activity=activity.key,
        )


def _ends(data: ProcessData) -> Iterator[Finding]:
    """Look at begin and end of the process."""
    keys = {activity.key for activity in data.activities}
    if data.begin not in keys or data.end not in keys or data.begin == data.end:
        yield Finding("process.ends", "Begin and end are two of the activities.")
        return
    if all(way.source != data.begin for way in data.transitions):
        yield Finding("process.begin_has_no_output", "Nothing leads on from the begin.")
    if any(way.target == data.begin for way in data.transitions):
        yield Finding("process.begin_has_input", "Nothing leads back to the begin.")
    if any(way.source == data.end for way in data.transitions):
        yield Finding("process.end_has_output", "Nothing leads on from the end.")
    if all(way.target != data.end for way in data.transitions):
        yield Finding("process.end_has_no_input", "Nothing leads to the end.")


def _ways(data: ProcessData) -> Iterator[Finding]:
    """Look at the ends and the words of the transitions."""
    keys = {activity.key for activity in data.activities}
    for way in data.transitions:
        about = f"The transition {way.key!r}"
        if way.source not in keys or way.target not in keys:
            text = f"{about} leads from or to nowhere."
            yield Finding("transition.ends", text, transition=way.key)
        elif way.source == way.target:
            text = f"{about} leads back to its own activity."
            yield Finding("transition.loop", text, transition=way.key)
        if not way.name and not way.condition and not way.is_default:
            text = f"{about} has neither a name nor a condition."
            yield Finding("transition.unnamed", text, transition=way.key)
    yield from _duplicates(data)


def _duplicates(data: ProcessData) -> Iterator[Finding]:
    """Look for ways that lead to the same place, for the same reason."""
    seen = Counter(
        (way.source, way.target, way.condition, way.precondition, way.pre_hook)
        for way in data.transitions
    )
    for (source, target, *_), times in seen.items():
        if times > 1:
            yield Finding(
                "transition.duplicate",
                f"From {source!r} to {target!r} the same way leads {times} times.",
                activity=source,
            )


def _isolated(data: ProcessData) -> Iterator[Finding]:
    touched = {end for way in data.transitions for end in (way.source, way.target)}
    for activity in data.activities:
        if activity.key not in touched:
            yield Finding(
                "activity.isolated",
                f"No way leads to {activity.title!r} or on from it.",
                activity=activity.key,
            )

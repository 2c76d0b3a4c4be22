"""Warnings: what runs, and is perhaps not what its author meant."""

from collections.abc import Iterator
from dataclasses import dataclass

from workflow.conditions import Always, Condition, OneOf
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.findings import Finding
from workflow.preparing import condition_of, is_timeout


@dataclass(frozen=True, slots=True)
class Answers:
    """A set of outcomes: these, or, where it is turned round, all but these."""

    values: frozenset[str]
    are_all_but: bool = False

    def with_(self, other: "Answers") -> "Answers":
        """Return the outcomes of both."""
        mine, theirs = self.values, other.values
        if self.are_all_but and other.are_all_but:
            return Answers(mine & theirs, are_all_but=True)
        if self.are_all_but:
            return Answers(mine - theirs, are_all_but=True)
        if other.are_all_but:
            return Answers(theirs - mine, are_all_but=True)
        return Answers(mine | theirs)

    @property
    def are_all(self) -> bool:
        return self.are_all_but and not self.values

    def hold(self, other: "Answers") -> bool:
        """Tell whether every outcome of the other is one of these."""
        return self.with_(other) == self


NONE = Answers(frozenset())
ALL = Answers(frozenset(), are_all_but=True)


def of(data: ProcessData) -> Iterator[Finding]:
    """Return the warnings about a process without errors."""
    for activity in data.activities:
        yield from _open_to_all(data, activity)
        yield from _entered(data, activity)
        yield from _split(data, activity)


def _warning(
    code: str, message: str, *, activity: str = "", transition: str = ""
) -> Finding:
    return Finding(
        code, message, level="warning", activity=activity, transition=transition
    )


def _open_to_all(data: ProcessData, activity: ActivityData) -> Iterator[Finding]:
    """Look at who may do the work; the begin is held by whoever starts."""
    named = activity.roles or activity.allowed_groups or activity.allowed_users
    waits = activity.kind == "standard" and not activity.autostart
    is_given = activity.key == data.begin or activity.push_application
    if waits and not named and not is_given:
        yield _warning(
            "activity.open_to_all",
            f"Everybody may do {activity.title!r}.",
            activity=activity.key,
        )


def _entered(data: ProcessData, activity: ActivityData) -> Iterator[Finding]:
    entering = [way for way in data.transitions if way.target == activity.key]
    if activity.join_mode == "and" and len(entering) == 1:
        yield _warning(
            "join.single_input",
            f"{activity.title!r} joins branches, and one way leads there.",
            activity=activity.key,
        )
    if entering and all(is_timeout(data, way) for way in entering):
        yield _warning(
            "activity.only_by_timeout",
            f"{activity.title!r} is reached only when time has passed.",
            activity=activity.key,
        )


def _split(data: ProcessData, activity: ActivityData) -> Iterator[Finding]:
    """Look at the ways in the order in which they are tried."""
    leaving = [way for way in data.transitions if way.source == activity.key]
    ways = [way for way in leaving if not is_timeout(data, way)]
    covered = NONE
    is_xor = activity.split_mode == "xor"
    for way in sorted(ways, key=lambda way: (way.is_default, way.order)):
        condition = condition_of(data, way)
        if _is_shadowed(condition, covered if is_xor else NONE):
            yield _warning(
                "transition.unreachable",
                f"The transition {way.name or way.key!r} is never taken.",
                transition=way.key,
            )
        covered = covered.with_(_sure(way, condition))
    has_default = any(way.is_default for way in ways)
    if is_xor and ways and not has_default and not covered.are_all:
        yield _warning(
            "split.not_exhaustive",
            f"{activity.title!r} has no default, and not every answer leads on.",
            activity=activity.key,
        )


def _is_shadowed(condition: Condition, covered: Answers) -> bool:
    """Tell whether no answer is left for a condition."""
    if isinstance(condition, Always):
        return not condition.answer or covered.are_all
    if isinstance(condition, OneOf):
        return covered.hold(_answers(condition))
    return covered.are_all


def _sure(way: TransitionData, condition: Condition) -> Answers:
    """Return the answers with which a way is surely taken."""
    if way.precondition or way.pre_hook:
        return NONE
    if isinstance(condition, Always):
        return ALL if condition.answer else NONE
    return _answers(condition) if isinstance(condition, OneOf) else NONE


def _answers(condition: OneOf) -> Answers:
    return Answers(frozenset(condition.values), are_all_but=condition.negated)

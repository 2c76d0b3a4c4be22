"""The buttons of a work item: the words of its process, and how each one looks."""

from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from workflow import graph
from workflow.models import WorkItem

#: Outcomes that say no to somebody, who then wants to know why.
REFUSING = frozenset({"REJECTED", "REFUSED", "DENIED"})
#: Outcomes that end something for good.
ENDING = frozenset({"WITHDRAW", "WITHDRAWN", "CANCEL", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One button: what it sends, what it says, how it looks."""

    label: str
    value: str | None = None
    kind: Literal["", "primary", "caution"] = ""
    icon: str = ""

    @property
    def is_free(self) -> bool:
        """Whether the browser lets it go without a reason."""
        return self.value not in REFUSING


def answers(item: WorkItem) -> list[Answer]:
    """Return the buttons of a work item; the first that says yes is the primary one."""
    outcomes = item.outcomes()
    if not outcomes:
        return [Answer(only_way(item) or _("Done"), kind="primary", icon="check")]
    found: list[Answer] = []
    for one in outcomes:
        if one.value in REFUSING | ENDING:
            found.append(Answer(one.label, one.value, "caution", "x"))
        elif any(answer.kind == "primary" for answer in found):
            found.append(Answer(one.label, one.value))
        else:
            found.append(Answer(one.label, one.value, "primary", "check"))
    return found


def only_way(item: WorkItem) -> str:
    """Return what the single way on is called; empty where several ways leave."""
    version = graph.of(item.instance.process)
    ways = version.ways(version.key_of(item.activity_id))
    return ways[0].name if len(ways) == 1 else ""


def words(version: graph.Graph, key: str, value: str | None) -> str:
    """Return what the pressed button said; empty where no button fits the outcome."""
    offered = version.outcomes(key)
    if not offered:
        ways = version.ways(key)
        return ways[0].name if len(ways) == 1 else ""
    return next((one.label for one in offered if one.value == value), "")


def can_refuse(item: WorkItem, *, by: Any) -> bool:
    """Say whether one of the answers refuses what somebody else asked for."""
    return any(needs_reason(item, one.value, by=by) for one in item.outcomes())


def needs_reason(item: WorkItem, outcome: str | None, *, by: Any) -> bool:
    """Say whether the one who asked must be told why; nobody explains to themselves."""
    return outcome in REFUSING and item.instance.user_id != by.pk

"""The process that is timed, and one whose work is pushed on to the same person."""

from itertools import pairwise

from steps.client import ACTIVITIES

from workflow.definitions import ActivityData, ProcessData, TransitionData

CHAIN = (*ACTIVITIES, "end")


def three(code: str, *, push: str | None = None) -> ProcessData:
    """Return three human activities after one another, then the end."""
    human = (
        ActivityData(
            name, name, push_application=None if name == ACTIVITIES[0] else push
        )
        for name in ACTIVITIES
    )
    ways = pairwise(CHAIN)
    return ProcessData(
        code=code,
        title=code,
        activities=(*human, ActivityData("end", "end", kind="dummy")),
        transitions=tuple(TransitionData(source, target) for source, target in ways),
        begin=ACTIVITIES[0],
        end="end",
    )


THREE = three("three")
PUSHED = three("pushed", push="route_to_requester")

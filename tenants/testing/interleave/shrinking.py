"""A schedule that fails, made as short as it still fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tenants.testing.interleave.schedules import Schedule, Step

#: What depends on how threads meet fails not each time.
ATTEMPTS: Final = 3
#: How many schedules are tried before the shortest one so far is good enough.
MOST_TRIALS: Final = 400

Fails = Callable[[Schedule], bool]


def shrunk(schedule: Schedule, fails: Fails) -> Schedule:
    """Return the schedule with steps taken out for as long as it still fails."""
    left = MOST_TRIALS

    def still(candidate: Schedule) -> bool:
        nonlocal left
        left -= 1
        return left > 0 and any(fails(candidate) for _ in range(ATTEMPTS))

    shorter = True
    while shorter and left > 0:
        shorter = False
        for candidate in shorter_ones(schedule):
            if still(candidate):
                schedule, shorter = candidate, True
                break
    return schedule


def shorter_ones(schedule: Schedule) -> Iterator[Schedule]:
    """Yield schedules with less in them, those with the least first."""
    strands = schedule.strands
    if len(strands) > 1:
        for strand in strands:
            yield replace(schedule, strands=(strand,))
        for index in range(len(strands)):
            kept = strands[:index] + strands[index + 1 :]
            yield replace(schedule, strands=kept)
    for index, strand in enumerate(strands):
        for steps in fewer(strand.steps):
            changed = (replace(strand, steps=steps),)
            kept = strands[:index] + changed + strands[index + 1 :]
            yield replace(schedule, strands=kept)


def fewer(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield steps with a piece taken out: large pieces first, then single steps."""
    piece = len(steps) // 2
    while piece:
        # What matters stands at the end, so the beginning goes first.
        for start in range(0, len(steps), piece):
            yield steps[:start] + steps[start + piece :]
        piece //= 2
    for index, step in enumerate(steps):
        for inner in fewer(step.inner):
            yield (*steps[:index], replace(step, inner=inner), *steps[index + 1 :])

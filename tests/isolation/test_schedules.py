"""Schedules of the interleavings: made from seeds, written down, made short."""

import pytest

from tenants.testing.interleave import schedules, shrinking
from tenants.testing.interleave.flows import Flow
from tenants.testing.interleave.schedules import Schedule, Step, Strand
from tenants.testing.interleave.tasks_of_asyncio import AsyncFlow

KNOWN = {*schedules.WEIGHTS, *schedules.LATER, *schedules.SELF_CONTAINED}


def steps_of(steps):
    for step in steps:
        yield step
        yield from steps_of(step.inner)


def test_a_seed_makes_the_same_schedule_each_time():
    made = [schedules.make(seed, strands=4, length=50) for seed in (7, 7, 8)]
    assert made[0] == made[1] != made[2]
    assert {strand.kind for strand in made[0].strands} == set(schedules.KINDS)


def test_a_schedule_that_was_written_is_read_again():
    made = schedules.make(3, strands=3, length=80)
    assert schedules.loads(schedules.dumps(made)) == made


def test_every_step_is_made_by_some_seed():
    made = [schedules.make(seed, strands=4, length=200) for seed in range(20)]
    strands = [strand for schedule in made for strand in schedule.strands]
    ops = {step.op for strand in strands for step in steps_of(strand.steps)}
    assert ops == KNOWN


@pytest.mark.parametrize("op", sorted(KNOWN))
def test_a_flow_knows_each_step(op):
    kind = AsyncFlow if op in schedules.LATER else Flow
    assert callable(getattr(kind, f"do_{op}"))


def test_a_schedule_is_made_as_short_as_it_still_fails():
    inner = (Step("ask"), Step("fail"), Step("ask"))
    steps = [Step("ask", arg=n) for n in range(40)]
    steps[7], steps[29] = Step("task", inner=inner), Step("close")
    whole = Schedule(
        1, (Strand("thread", tuple(steps)), Strand("asgi", (Step("use"),)))
    )

    def fails(schedule: Schedule) -> bool:
        found = [
            step.op for strand in schedule.strands for step in steps_of(strand.steps)
        ]
        return "fail" in found and "close" in found[found.index("fail") :]

    short = shrinking.shrunk(whole, fails)
    task = Step("task", inner=(Step("fail"),))
    assert short == Schedule(1, (Strand("thread", (task, Step("close"))),))

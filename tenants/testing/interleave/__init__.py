"""Random interleavings of threads, asyncio, tasks, transactions and errors.

Each step does one thing that code does, and then asks the database in which schema, as
whom and for which tenant a statement runs; a model says what the answer must be, or
which error. A run is made of schedules, each of a seed; one that fails is made short
and written out, and can be run again.

    report = run([acme, globex], seed=1, at_least=5_000)
    replay(text, [acme, globex])
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tenants.context import TenantInfo
from tenants.testing.interleave.places import World, world
from tenants.testing.interleave.schedules import Schedule, dumps, loads, make
from tenants.testing.interleave.shrinking import shrunk
from tenants.testing.interleave.strands import perform
from tenants.testing.interleave.ways import silent, tasks_known

__all__ = ["Mismatch", "Report", "replay", "run"]

#: How many faults of a schedule are told; the others mostly follow from the first.
MOST_TOLD = 5
#: Celery writes a line for each task, the pool for each connection that comes back
#: lost, the stamp for each query that is refused.
TALKATIVE = ("celery.app.trace", "psycopg", "psycopg.pool", "tenants.stamp")


class Mismatch(AssertionError):
    """The database, or an error, was not what the context asks for."""

    def __init__(self, schedule: Schedule, faults: list[str]) -> None:
        self.schedule = schedule
        self.faults = faults
        lines = [
            f"Seed {schedule.seed}: {len(faults)} mismatches.",
            *(f"  {fault}" for fault in faults[:MOST_TOLD]),
            "The schedule, which `replay` runs again:",
            dumps(schedule),
        ]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Report:
    """How much was compared; every comparison was right."""

    seed: int
    schedules: int
    compared: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.compared} interleavings compared in {self.schedules} schedules"
            f" from seed {self.seed} in {self.seconds:.0f} s, 0 mismatches"
        )


def run(
    tenants: Sequence[TenantInfo],
    *,
    seed: int,
    at_least: int,
    aliases: Sequence[str] = ("default",),
    strands: int = 4,
    length: int = 60,
    shorten: bool = True,
) -> Report:
    """Compare at least so many steps.

    Raises Mismatch with the schedule, made short unless `shorten` says otherwise.
    """
    where, began = world(tenants, aliases), time.monotonic()
    compared = schedules = 0
    with tasks_known(), silent(*TALKATIVE):
        while compared < at_least:
            schedule = make(seed + schedules, strands=strands, length=length)
            log = perform(schedule, where)
            if log.faults and shorten:
                raise shortest(schedule, log.faults, where)
            if log.faults:
                raise Mismatch(schedule, log.faults)
            compared += log.compared
            schedules += 1
    return Report(seed, schedules, compared, time.monotonic() - began)


def replay(
    text: str, tenants: Sequence[TenantInfo], *, aliases: Sequence[str] = ("default",)
) -> int:
    """Run a schedule that was written out; return how many steps compared."""
    schedule = loads(text)
    with tasks_known(), silent(*TALKATIVE):
        log = perform(schedule, world(tenants, aliases))
    if log.faults:
        raise Mismatch(schedule, log.faults)
    return log.compared


def shortest(schedule: Schedule, faults: list[str], where: World) -> Mismatch:
    """Return the mismatch of the schedule, made short."""
    last = faults

    def fails(candidate: Schedule) -> bool:
        nonlocal last
        found = perform(candidate, where).faults
        last = found or last
        return bool(found)

    return Mismatch(shrunk(schedule, fails), last)

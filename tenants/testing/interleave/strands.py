"""Strands: the threads and event loops that run at the same time."""

import asyncio
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connections

from tenants.testing.interleave.acts import finish
from tenants.testing.interleave.flows import Desk, Flow
from tenants.testing.interleave.places import Log, World, sweep
from tenants.testing.interleave.schedules import FLOWS, Schedule, Step, Strand
from tenants.testing.interleave.tasks_of_asyncio import AsyncFlow

Queue = asyncio.Queue[tuple[Step | None, asyncio.Future[None]]]

#: How long a strand may take before it counts as stuck.
PATIENCE_SECONDS: Final = 120
#: The threads that a loop has besides: few, so that they are used again.
THREADS_OF_LOOP: Final = 2
#: Threads take turns far more often than usual.
SWITCH_SECONDS: Final = 0.0001

runs = itertools.count(1)


def perform(schedule: Schedule, world: World) -> Log:
    """Run all strands of a schedule at once; return what came of it."""
    sweep(world)
    log, number = Log(), next(runs)
    ready = threading.Barrier(len(schedule.strands))
    threads = []
    for index, strand in enumerate(schedule.strands):
        name = f"{number}.{index}"
        arguments = (strand, world, log, name, ready)
        threads.append(threading.Thread(target=run, args=arguments, daemon=True))
    with quick_turns():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
            if thread.is_alive():
                log.fault("a strand is stuck")
    return log


@contextmanager
def quick_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run(
    strand: Strand, world: World, log: Log, name: str, ready: threading.Barrier
) -> None:
    ready.wait()
    try:
        WAYS[strand.kind](strand.steps, world, log, name)
    except BaseException as error:  # noqa: BLE001 - a thread's error is the run's
        log.fault(f"{name} ended with {error!r}")
    finally:
        connections.close_all()


def in_thread(steps: tuple[Step, ...], world: World, log: Log, name: str) -> None:
    """Run the steps as one flow of this thread."""
    finish(Flow(Desk(world), log, name), steps)


def in_loop(steps: tuple[Step, ...], world: World, log: Log, name: str) -> None:
    """Run the steps as tasks of a loop whose statements have a thread of their own."""

    async def main() -> None:
        async with ThreadSensitiveContext():
            await tasks(steps, world, log, name)

    asyncio.run(main())


def under_thread(steps: tuple[Step, ...], world: World, log: Log, name: str) -> None:
    """Run the steps as tasks of a loop whose statements are sent by this thread."""
    async_to_sync(tasks)(steps, world, log, name)


WAYS: Final[dict[str, Callable[[tuple[Step, ...], World, Log, str], None]]] = {
    "thread": in_thread,
    "tasks": in_thread,
    "asgi": in_loop,
    "async_to_sync": under_thread,
}


async def tasks(steps: tuple[Step, ...], world: World, log: Log, name: str) -> None:
    """Do steps one after the other, each in the task of its flow."""
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(THREADS_OF_LOOP)
    loop.set_default_executor(pool)
    desk = Desk(world)
    queues: list[Queue] = [asyncio.Queue() for _ in range(FLOWS)]
    flows = [
        asyncio.create_task(live(AsyncFlow(desk, log, f"{name}.{number}"), queue))
        for number, queue in enumerate(queues)
    ]

    async def do(step: Step | None, number: int) -> None:
        done = loop.create_future()
        await queues[number].put((step, done))
        await done

    try:
        for step in steps:
            await do(step, step.flow)
        for number in range(FLOWS):
            await do(None, number)
    finally:
        for flow in flows:
            flow.cancel()
        await asyncio.gather(*flows, return_exceptions=True)
        await sync_to_async(connections.close_all)()
        await close_all(pool)


async def live(flow: AsyncFlow, queue: Queue) -> None:
    """Do the steps of one flow; None means: leave all."""
    try:
        while True:
            step, done = await queue.get()
            try:
                await (flow.do(step) if step else flow.leave_all())
            except Exception as error:  # noqa: BLE001 - the strand's to raise
                done.set_exception(error)
            else:
                done.set_result(None)
    finally:
        flow.drop()


async def close_all(pool: ThreadPoolExecutor) -> None:
    """Close the connections of each thread of a pool."""
    every = threading.Barrier(THREADS_OF_LOOP)

    def close() -> None:
        every.wait()
        connections.close_all()

    loop = asyncio.get_running_loop()
    closing = [loop.run_in_executor(pool, close) for _ in range(THREADS_OF_LOOP)]
    await asyncio.gather(*closing)

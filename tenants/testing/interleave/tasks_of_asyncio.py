"""Flows that are asyncio tasks: their statements are sent from other threads."""

import asyncio
import contextlib
from collections.abc import Sequence

from tenants.testing.interleave import ways
from tenants.testing.interleave.acts import Act, Acts, Where, adrive
from tenants.testing.interleave.flows import Desk, Flow
from tenants.testing.interleave.places import Context, Log
from tenants.testing.interleave.schedules import Step


class AsyncFlow(Flow):
    """A flow in a coroutine.

    Those of one loop share a thread for their statements, and so a connection; one
    that is not `thread_sensitive` takes any thread of a pool for each statement.
    """

    def __init__(
        self,
        desk: Desk,
        log: Log,
        name: str,
        base: Context = None,
        *,
        thread_sensitive: bool = True,
    ) -> None:
        super().__init__(desk, log, name, base, meets_transactions=False)
        self.thread_sensitive = thread_sensitive

    async def do(self, step: Step) -> None:
        await adrive(self.perform(step), thread_sensitive=self.thread_sensitive)

    async def leave_all(self) -> None:
        await adrive(self.unwind(), thread_sensitive=self.thread_sensitive)

    async def live(self, steps: Sequence[Step]) -> None:
        """Do steps that leave no transaction open; a cancellation may end it."""
        try:
            for step in steps:
                await self.do(step)
        finally:
            self.drop()

    def drop(self) -> None:
        """Leave all contexts at once; transactions end with their connections."""
        while self.frames:
            frame = self.frames.pop()
            if not frame.alias:
                frame.block.__exit__(None, None, None)

    def do_aread(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Read scratch rows by the asynchronous ORM."""
        line, context = self.desk.lines[alias], self.context

        async def do() -> list[str]:
            return [name async for name in self.scratch(alias)[:20]]

        went_well, _, names = yield from self.attempt(
            lambda: line.statement(context), do, where=Where.LATER
        )
        if went_well:
            self.compare_rows(context, names)

    def do_aside(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps by `sync_to_async` in any thread of the pool."""
        run = self.within(self.context)

        async def do() -> None:
            act = Act(lambda: run(step.inner))
            await adrive(once(act), thread_sensitive=False)

        yield from self.attempt(ways.nothing, do, where=Where.LATER)

    def do_to_thread(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps by `asyncio.to_thread`."""
        run = self.within(self.context)

        async def do() -> None:
            await asyncio.to_thread(run, step.inner)

        yield from self.attempt(ways.nothing, do, where=Where.LATER)

    def do_gather(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps in several tasks at once."""
        children = self.children(step)

        async def do() -> None:
            await asyncio.gather(*(child.live(steps) for child, steps in children))

        yield from self.attempt(ways.nothing, do, where=Where.LATER)

    def do_cancel(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps in several tasks at once, and cancel them on the way."""
        children = self.children(step)

        async def do() -> None:
            tasks = [
                asyncio.create_task(child.live(steps)) for child, steps in children
            ]
            for _ in range(step.arg % 12):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        yield from self.attempt(ways.nothing, do, where=Where.LATER)

    def children(self, step: Step) -> list[tuple["AsyncFlow", list[Step]]]:
        """Return flows that begin where this one is, with their steps."""
        # In a thread where a transaction is open, who comes first would matter.
        thread_sensitive = self.desk.is_clean and step.arg % 2 == 0
        if thread_sensitive:
            self.desk.cursors.clear()  # the steps may close the connection
        programs: dict[int, list[Step]] = {}
        for each in step.inner:
            programs.setdefault(each.flow, []).append(each)
        return [
            (self.child(number, thread_sensitive=thread_sensitive), steps)
            for number, steps in programs.items()
        ]

    def child(self, number: int, *, thread_sensitive: bool) -> "AsyncFlow":
        return AsyncFlow(
            Desk(self.world),
            self.log,
            f"{self.name}.{number}",
            self.context,
            thread_sensitive=thread_sensitive,
        )


def once(act: Act) -> Acts:
    """Do one act."""
    return (yield act)

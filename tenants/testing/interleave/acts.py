"""Acts, and who does them: a thread, or a coroutine."""

import enum
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from asgiref.sync import sync_to_async

from tenants.testing.interleave.schedules import Step


class Where(enum.Enum):
    """Where an act is done by a flow of asyncio; a thread does all in one place."""

    HERE = "in the coroutine"
    DATABASE = "in a thread, where statements may be sent"
    LATER = "in the coroutine, awaited"


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do."""

    run: Callable[[], Any]
    where: Where = Where.DATABASE


Acts = Generator[Act, Any, Any]


class Performer(Protocol):
    """A flow."""

    def perform(self, step: Step) -> Acts: ...
    def unwind(self) -> Acts: ...


def drive(acts: Acts) -> None:
    """Do acts in this thread."""
    try:
        act = next(acts)
        while True:
            try:
                result = act.run()
            except Exception as error:  # noqa: BLE001 - the flow asks for it
                act = acts.throw(error)
            else:
                act = acts.send(result)
    except StopIteration:
        return


async def adrive(acts: Acts, *, thread_sensitive: bool) -> None:
    """Do acts in this coroutine, and in the thread or the threads beside it."""
    try:
        act = next(acts)
        while True:
            try:
                result = await done(act, thread_sensitive=thread_sensitive)
            except Exception as error:  # noqa: BLE001 - the flow asks for it
                act = acts.throw(error)
            else:
                act = acts.send(result)
    except StopIteration:
        return


async def done(act: Act, *, thread_sensitive: bool) -> Any:
    if act.where is Where.HERE:
        return act.run()
    if act.where is Where.LATER:
        return await act.run()
    return await sync_to_async(act.run, thread_sensitive=thread_sensitive)()


def finish(flow: Performer, steps: Iterable[Step]) -> None:
    """Do steps in this thread, and leave what they have left open."""
    try:
        for step in steps:
            drive(flow.perform(step))
    finally:
        drive(flow.unwind())

"""A generator that enters a tenant and yields would leave its reader there.

Python gives a generator no context of its own: what it enters stays entered in the code
that reads it.
So a context that a generator enters is remembered with the generator's frame, and is
none for whoever runs while that frame does not.
"""

import sys
from inspect import CO_GENERATOR
from threading import get_ident
from types import FrameType
from typing import Any, Final

#: Where a block is entered on behalf of the code that calls.
ON_BEHALF: Final = frozenset({"contextlib", "tenants.upstream"})
#: Where generators are resumed that stand for a block: what they yield into is theirs.
RESUMERS: Final = frozenset({"contextlib", "_pytest.fixtures"})


class Held:
    """A context that a generator entered, and which generator."""

    __slots__ = ("context", "frame", "thread")

    def __init__(self, context: Any, frame: FrameType) -> None:
        self.context = context
        self.frame = frame
        self.thread = get_ident()

    def seen(self) -> Any:
        """Return the context inside the generator, and None in the code that reads it.

        Another thread got the context by its own way, and keeps it.
        """
        if get_ident() != self.thread:
            return self.context
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to the stack
        while frame is not None:
            if frame is self.frame:
                return self.context
            frame = frame.f_back
        return None


def held(context: Any) -> Any:
    """Return what the ContextVar shall hold for somebody who enters a context."""
    frame = holder(sys._getframe(1))  # noqa: SLF001 - the one way to the stack
    return context if frame is None else Held(context, frame)


def holder(frame: FrameType | None) -> FrameType | None:
    """Return the generator that enters, if it is one whose reader is a stranger."""
    while frame is not None:
        if name_of(frame) not in ON_BEHALF:
            if not frame.f_code.co_flags & CO_GENERATOR:
                return None
            if name_of(frame.f_back) not in RESUMERS:
                return frame
        frame = frame.f_back
    return None


def name_of(frame: FrameType | None) -> object:
    return frame.f_globals.get("__name__") if frame else None

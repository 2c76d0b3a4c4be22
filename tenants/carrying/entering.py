"""Context managers that also hold as decorators, of coroutine functions too.

Python gives a generator no context of its own: what it enters stays entered in the code
that reads it, and nobody sees so there. So generators are refused, decorated or not.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, _GeneratorContextManager
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_GENERATOR,
    isasyncgenfunction,
    iscoroutine,
    isgeneratorfunction,
)
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar, cast

from asgiref.sync import iscoroutinefunction

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: Where a block is entered on behalf of the code that calls.
ON_BEHALF: Final = frozenset({"contextlib", "tenants.carrying.upstream"})
#: A class that is a block enters what it holds in these.
METHODS: Final = frozenset({"__enter__", "__aenter__"})
#: Where generators are resumed that stand for a block: what they yield into is theirs.
RESUMERS: Final = frozenset({"contextlib", "_pytest.fixtures"})
GENERATOR: Final = CO_GENERATOR | CO_ASYNC_GENERATOR


class Decorating(ContextDecorator):
    """A block that is a new one at each call of what it decorates."""

    def __call__(self, function: F) -> F:
        """Return the function, run inside. Raises TypeError for a generator.

        A coroutine is inside to its end.
        """
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise refusal(getattr(function, "__qualname__", function))

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            block: Any = self._recreate_cm()
            with block:
                result = function(*args, **kwargs)
                if iscoroutine(result):
                    result.close()
                    raise TypeError(f"{function} returns a coroutine; make it `async`.")
                return result

        @functools.wraps(function)
        async def inside_later(*args: Any, **kwargs: Any) -> Any:
            block: Any = self._recreate_cm()
            with block:
                return await function(*args, **kwargs)

        called = getattr(function, "__call__", None)  # noqa: B004 - of an object, it may be a coroutine function
        is_later = iscoroutinefunction(function) or iscoroutinefunction(called)
        return cast(F, inside_later if is_later else inside)


class Entering(Decorating, _GeneratorContextManager[T]):
    """What `contextmanager` returns, with the decorator above."""

    def __enter__(self) -> T:
        refuse_generators(sys._getframe(1))  # noqa: SLF001 - the one way to the stack
        return super().__enter__()


def entering(function: Callable[P, Iterator[T]]) -> Callable[P, Entering[T]]:
    """Make a context manager of a generator, as `contextmanager` does."""

    @functools.wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Entering[T]:
        return Entering(cast(Any, function), args, kwargs)

    return make


def refuse_generators(frame: FrameType | None) -> None:
    """Raise TypeError where who enters a block is a generator with a reader.

    One that stands for a block, or for a fixture of pytest, is as good as its block.
    """
    while frame is not None:
        if name_of(frame) not in ON_BEHALF and frame.f_code.co_name not in METHODS:
            if not frame.f_code.co_flags & GENERATOR:
                return
            if name_of(frame.f_back) not in RESUMERS:
                raise refusal(frame.f_code.co_qualname)
        frame = frame.f_back


def name_of(frame: FrameType | None) -> object:
    return frame.f_globals.get("__name__") if frame else None


def refusal(name: object) -> TypeError:
    return TypeError(
        f"{name} is a generator, and would leave whoever reads it in the tenant;"
        " enter the tenant where it is read, or in a function that it calls."
    )

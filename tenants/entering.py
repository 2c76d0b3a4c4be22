"""Context managers that also hold as decorators, of coroutine functions too."""

import functools
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, _GeneratorContextManager
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

from asgiref.sync import iscoroutinefunction

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Decorating(ContextDecorator):
    """A block that is a new one at each call of what it decorates."""

    def __call__(self, function: F) -> F:
        """Return the function, run inside. Raises TypeError for a generator.

        A coroutine is inside to its end.
        """
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            name = getattr(function, "__qualname__", function)
            raise TypeError(
                f"{name} is a generator, and would leave whoever reads it in the"
                " tenant; enter the tenant where it is read."
            )
        if not iscoroutinefunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        async def inside(*args: Any, **kwargs: Any) -> Any:
            block: Any = self._recreate_cm()
            with block:
                return await function(*args, **kwargs)

        return cast(F, inside)


class Entering(Decorating, _GeneratorContextManager[T]):
    """What `contextmanager` returns, with the decorator above."""


def entering(function: Callable[P, Iterator[T]]) -> Callable[P, Entering[T]]:
    """Make a context manager of a generator, as `contextmanager` does."""

    @functools.wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Entering[T]:
        return Entering(cast(Any, function), args, kwargs)

    return make

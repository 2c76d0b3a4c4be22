"""Threads that work for the tenant of whoever started them, and leave nothing open.

    TenantThread(target=send, args=[mail]).start()
    with TenantExecutor(4) as threads: list(threads.map(render, pages))

A bare thread starts in no context, so all that it touches is refused.
A child process starts in none as well, and with no connection of its parent
(`tenants.carrying.forks`): hand it a tenant's uuid, and let it enter the tenant
by itself.
"""

import contextvars
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from django.db import connections

from tenants.context import bind

P = ParamSpec("P")
R = TypeVar("R")

#: Says of a function that it carries a context already.
CARRIES: Final = "carries_its_tenant"


class TenantThread(threading.Thread):
    """A thread that runs in the context of its construction.

    Raises NoTenantError where it is constructed in none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # On the instance, so that a subclass's own `run` is carried too.
        self.run = carried(self.run)  # type: ignore[method-assign]


class TenantExecutor(ThreadPoolExecutor):
    """A pool of threads whose jobs run in the context that submits them.

    A job leaves no context, language, time zone or connection to the next one.
    Raises NoTenantError where a job is submitted in none.
    """

    def submit(
        self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[R]":
        """Run `function` in the present context, in another thread."""
        return super().submit(carried(function), *args, **kwargs)

    def map(
        self,
        fn: Callable[..., R],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        **options: Any,
    ) -> Iterator[R]:
        """Run `fn` on each row of arguments, in the present context."""
        return super().map(
            carried(fn),
            *iterables,
            timeout=timeout,
            chunksize=chunksize,
            **options,
        )


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` tied to the present context, for a thread of its own.

    What it opens in that thread is closed behind it.
    """
    if hasattr(function, CARRIES):
        return function
    bound = bind(function)

    @functools.wraps(function)
    def job(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            # In a copy, so that what the job sets ends with it.
            return contextvars.copy_context().run(bound, *args, **kwargs)
        finally:
            connections.close_all()

    setattr(job, CARRIES, True)
    return job

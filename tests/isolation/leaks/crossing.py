"""Two threads in one block at one time: the first to enter is the first to leave."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from tenants.context import TenantInfo, current_or_none, use

PATIENCE = 10
#: Waits until both threads are where they have to be; false if that takes too long.
Wait = Callable[[], bool]


def where() -> str | None:
    """Return the schema of the context, or None."""
    context = current_or_none()
    return context.schema_name if context else None


def crossing(
    block: Callable[[Wait], object], first: TenantInfo, second: TenantInfo
) -> list[str | None]:
    """Return where each of two tenants' threads is after the block.

    The block calls what it is given once, inside.
    """
    entered, both_entered, left = (threading.Event() for _ in range(3))

    def leads() -> str | None:
        with use(first):
            block(lambda: entered.set() or both_entered.wait(PATIENCE))
            left.set()
            return where()

    def follows() -> str | None:
        with use(second):
            assert entered.wait(PATIENCE)
            block(lambda: both_entered.set() or left.wait(PATIENCE))
            return where()

    def closed(work: Callable[[], str | None]) -> str | None:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(closed, work) for work in (leads, follows)]
        return [job.result(PATIENCE) for job in jobs]

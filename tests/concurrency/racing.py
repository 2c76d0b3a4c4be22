"""Two threads that do something at the same instant, in real transactions."""

import threading
from collections.abc import Callable, Sequence

from django.db import connections

from kernel.errors import ApplicationError
from tenants.context import TenantInfo, use

#: How a thread ended: what it returned, or the code of the error it got.
Result = object


def race(tenant: TenantInfo, *actions: Callable[[], object]) -> Sequence[Result]:
    """Run the actions beside each other; return their results in the same order."""
    results: list[Result] = [None] * len(actions)
    ready = threading.Barrier(len(actions))

    def run(index: int, action: Callable[[], object]) -> None:
        try:
            with use(tenant):
                ready.wait(timeout=10)
                try:
                    results[index] = action() or "done"
                except ApplicationError as refusal:
                    results[index] = refusal.code
        except BaseException as fault:  # noqa: BLE001 - a thread's fault is the test's
            results[index] = fault
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(index, action))
        for index, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results

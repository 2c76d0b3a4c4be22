"""One step of the engine: read, decide in memory, write in one statement.

A step is one transaction.
It reads instance and work item anew (under a row lock where GOFLOW_LOCK_STRATEGY is
`pessimistic`), collects what changes on a `Step`, and writes all of it at once.
Every write compares the version of the instance, so of two steps that read the same
state one writes and the other begins anew, in both strategies.
"""

from workflow.steps.reading import (
    Published,
    limit_waiting,
    read,
    read_instance,
    read_published,
    with_all,
)
from workflow.steps.running import (
    PushFailed,
    is_deadlock,
    refuse_waiting,
    run,
    show,
)
from workflow.steps.step import Step, later
from workflow.steps.writing import write

__all__ = [
    "Published",
    "PushFailed",
    "Step",
    "is_deadlock",
    "later",
    "limit_waiting",
    "read",
    "read_instance",
    "read_published",
    "refuse_waiting",
    "run",
    "show",
    "with_all",
    "write",
]

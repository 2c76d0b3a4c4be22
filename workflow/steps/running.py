"""A step is run: in one transaction, and anew where another was faster."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from django.db import NotSupportedError, OperationalError, connection, transaction

from kernel.translation import sqlstate
from workflow import conf
from workflow.errors import WorkItemBusy, WorkItemConflict
from workflow.models import WorkItem
from workflow.steps.step import Step
from workflow.steps.writing import MovedOn, write

#: PostgreSQL's words for "waited too long for a row" and "two waited for each other".
LOCK_NOT_AVAILABLE: Final = "55P03"
DEADLOCK: Final = "40P01"
#: What a caller's own object shows after a call.
SHOWN: Final = (
    "status",
    "user_id",
    "delegated_by_id",
    "returns",
    "condition",
    "date",
    "activated_at",
    "completed_at",
    "forwarded_at",
    "available_at",
    "attempts",
    "priority",
    "version",
)


class PushFailed(Exception):
    """A push application raised; the step begins anew without it."""

    def __init__(self, activity: tuple[int, str]) -> None:
        #: The number of the version, and the key of the activity in it.
        self.activity = activity
        super().__init__(activity)


def run(
    begin: Callable[[], Step], decide: Callable[[Step], None], *, alone: bool = False
) -> Step:
    """Run a step and return it as it was written.

    `begin` reads and `decide` collects what changes; nothing at all is written where
    it changes nothing. Both are called again where the instance moved meanwhile.
    `alone` says that neither writes anything itself: the statement that writes the
    step is the transaction then, unless a handler is called, too.
    Raises WorkItemConflict where that never ends.
    """
    unpushable: frozenset[tuple[int, str]] = frozenset()
    tries = 1 + int(conf.value("GOFLOW_STEP_RETRIES"))
    while tries:
        together = Together()
        try:
            return _attempt(begin, decide, unpushable, together, alone=alone)
        except PushFailed as failed:
            unpushable |= {failed.activity}
        except MovedOn:
            tries -= 1
        except (OperationalError, NotSupportedError) as problem:
            if together.is_committed:
                raise  # by what was to be done afterwards: the step itself is there
            tries = _after(problem, tries)
    raise WorkItemConflict


def _attempt(
    begin: Callable[[], Step],
    decide: Callable[[Step], None],
    unpushable: frozenset[tuple[int, str]],
    together: "Together",
    *,
    alone: bool,
) -> Step:
    with together:
        if not (alone and one_statement_will_do()):
            together.open()
        step = begin()
        step.unpushable = unpushable
        step.together = together.open
        decide(step)
        if step.says_something:
            write(step)
    return step


class Together(ExitStack):
    """The transaction of a step, opened at the first need of it."""

    is_open = False
    is_committed = False

    def open(self) -> None:
        """Let what follows be written together, or not at all."""
        if not self.is_open:
            self.is_open = True
            self.enter_context(transaction.atomic())
            # The first of what is done after the commit, so before all that may fail.
            transaction.on_commit(self._commit)

    def _commit(self) -> None:
        self.is_committed = True


def one_statement_will_do() -> bool:
    """Tell whether one statement can be the transaction of a step.

    The version of the instance guards what was read before it. A lock would not be
    held, and behind a pooler by transaction the tenant would be told each time.
    """
    wrapper: Any = connection
    is_free = wrapper.get_autocommit() and not wrapper.in_atomic_block
    is_optimistic = conf.value("GOFLOW_LOCK_STRATEGY") == "optimistic"
    return is_free and is_optimistic and not wrapper.by_transaction


def _after(problem: Exception, tries: int) -> int:
    refuse_waiting(problem)
    if not (is_deadlock(problem) or is_outdated(problem)):
        raise problem
    return tries - 1


def is_deadlock(problem: Exception) -> bool:
    """Tell whether two waited for each other, and trying again may help."""
    return sqlstate(problem) == DEADLOCK and not connection.in_atomic_block


def is_outdated(problem: Exception) -> bool:
    """Tell whether the server kept a plan of a table that a migration has changed.

    The rollback throws the plans of the connection away, so trying again helps.
    """
    is_refused = isinstance(problem, NotSupportedError)
    return is_refused and not connection.in_atomic_block


def refuse_waiting(problem: Exception) -> None:
    """Raise WorkItemBusy where a row was waited for too long."""
    if sqlstate(problem) == LOCK_NOT_AVAILABLE:
        raise WorkItemBusy(headers={"Retry-After": "1"}) from problem


def show(step: Step, item: WorkItem) -> None:
    """Let the caller's own object show the new state."""
    source = step.changed.get(item.pk) or step.item
    if source is None or source is item:
        return
    for name in SHOWN:
        setattr(item, name, getattr(source, name))
    item.instance = step.instance

"""What a step sends to the database, counted where Django sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

#: Not counted in a step's budget: transaction control and the tenant's search_path.
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET LOCAL")


class Statements:
    """Counts the statements of a step, and may stop one after the n-th."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen: list[str] = []
        self.stop_after = stop_after

    def __call__(self, execute, sql, params, many, context) -> Any:
        if not sql.lstrip().upper().startswith(CONTROL):
            self.seen.append(sql)
        answer = execute(sql, params, many, context)
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise Killed
        return answer


class Killed(BaseException):
    """Stands for a process that is killed: nothing catches it."""


@contextmanager
def statements(stop_after: int | None = None) -> Iterator[Statements]:
    counter = Statements(stop_after)
    with connection.execute_wrapper(counter):
        yield counter

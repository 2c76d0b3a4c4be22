"""Cursors that have the connection enter the context whenever they reach the server."""

import re
from typing import Any, Final

from django.db import InterfaceError, NotSupportedError
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

#: What changes the server's settings behind our back. Of savepoints Django tells.
#: A time limit for the transaction is nobody's context, and shall stay in force.
MOVES: Final = re.compile(
    r"\s*(?:ROLLBACK|ABORT|RESET|DISCARD|SET\s+(?!CONSTRAINTS|LOCAL\s+\w+_timeout\b))",
    re.IGNORECASE,
)


class Entering:
    """Enters the context of each call, and not that of the cursor's making.

    `execute` and `executemany` come here past all execute wrappers.
    """

    db: Any
    cursor: Any

    def _execute(self, *args: Any) -> Any:
        return self._in_context(super()._execute, *args)  # type: ignore[misc]

    def _executemany(self, *args: Any) -> Any:
        return self._in_context(super()._executemany, *args)  # type: ignore[misc]

    def _in_context(self, execute: Any, sql: Any, *args: Any) -> Any:
        self._require_open()
        if self.db.stands_alone:
            return self.db.alone(execute, sql, *args)
        self.db.enter()
        try:
            return execute(sql, *args)
        finally:
            if isinstance(sql, str) and MOVES.match(sql):
                self.db.forget()

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        self._enter()
        return super().callproc(*args, **kwargs)  # type: ignore[misc]

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Run COPY, as psycopg's cursor does."""
        self._enter()
        return self.cursor.copy(*args, **kwargs)

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        """Read row by row, as psycopg's cursor does."""
        self._enter()
        return self.cursor.stream(*args, **kwargs)

    def _enter(self) -> None:
        self._require_open()
        if self.db.stands_alone:
            raise NotSupportedError("Behind this pooler, use transaction.atomic().")
        self.db.enter()

    def _require_open(self) -> None:
        """Refuse a cursor whose connection went back to the pool: it is another's."""
        if self.cursor.connection is not self.db.connection:
            raise InterfaceError("The connection of this cursor is closed.")


class Cursor(Entering, CursorWrapper):
    """The cursor of every query."""


class DebugCursor(Entering, CursorDebugWrapper):
    """The same, with the statements written down."""

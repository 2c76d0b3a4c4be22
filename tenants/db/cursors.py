"""Cursors that have the connection enter the context whenever they reach the server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.db import InterfaceError, NotSupportedError
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

from tenants import stamp
from tenants.context import Control, TenantInfo, current
from tenants.db.statements import moves

Context = TenantInfo | Control


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
        db, bare = self.db, self._require_open()
        if db.stands_alone:
            return db.alone(execute, sql, *args)
        db.enter()
        try:
            return execute(sql, *args)
        finally:
            if moves(sql, bare):
                db.look_again()

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        self._enter()
        return super().callproc(*args, **kwargs)  # type: ignore[misc]

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Run COPY, as psycopg's cursor does, where it was asked for."""
        self._require_usable()
        return self._copying(current(), args, kwargs)

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        """Read row by row, as psycopg's cursor does, where it was asked for."""
        self._require_usable()
        return self._streaming(current(), args, kwargs)

    # Psycopg sends these at the first use of what it returns.

    @contextmanager
    def _copying(self, asked: Context, args: Any, kwargs: Any) -> Iterator[Any]:
        _stay(asked)
        self._enter()
        with self.cursor.copy(*args, **kwargs) as copy:
            yield copy

    def _streaming(self, asked: Context, args: Any, kwargs: Any) -> Iterator[Any]:
        _stay(asked)
        self._enter()
        with closing(self.cursor.stream(*args, **kwargs)) as rows:
            for row in rows:
                yield row
                _stay(asked)

    def _enter(self) -> None:
        self._require_usable()
        self.db.enter()

    def _require_usable(self) -> None:
        self._require_open()
        if self.db.stands_alone:
            raise NotSupportedError("Behind this pooler, use transaction.atomic().")

    def _require_open(self) -> Any:
        """Refuse a cursor whose connection went back to the pool: it is another's.

        Returns the connection.
        """
        bare = self.cursor.connection
        if bare is not self.db.connection:
            raise InterfaceError("The connection of this cursor is closed.")
        return bare


def _stay(asked: Context) -> None:
    """Require the context of before. Raises NoTenantError or WrongTenantError."""
    here = current()
    if here.uuid != asked.uuid:
        stamp.refuse(asked.uuid, here.uuid, None)


class Cursor(Entering, CursorWrapper):
    """The cursor of every query."""


class DebugCursor(Entering, CursorDebugWrapper):
    """The same, with the statements written down."""

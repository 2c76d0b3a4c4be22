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
    #: Whether a statement may carry its context, in one message and one round trip.
    may_carry = False

    def _execute(self, sql: Any, *args: Any) -> Any:
        carrier = sql if self.may_carry else None
        return self._in_context(carrier, super()._execute, sql, *args)  # type: ignore[misc]

    def _executemany(self, *args: Any) -> Any:
        return self._in_context(None, super()._executemany, *args)  # type: ignore[misc]

    def _in_context(self, carrier: Any, execute: Any, sql: Any, *args: Any) -> Any:
        db, bare = self.db, self.cursor.connection
        if bare is not db.connection:
            raise closed()
        if db.by_transaction and db.stands_alone:
            return db.alone(execute, sql, *args)
        if ahead := db.enter(carrier=carrier):
            return self._carry(ahead, execute, sql, *args)
        try:
            return execute(sql, *args)
        finally:
            if moves(sql, bare):
                db.look_again()

    def _carry(self, ahead: str, execute: Any, sql: str, *args: Any) -> Any:
        """Send the context and a statement that reads, and leave its own result.

        An error may be about either, and the server then did nothing.
        """
        try:
            answer = execute(ahead + sql, *args)
        except Exception:
            self.db.enter()  # raises what is wrong with the context, if that is it
            raise
        self.cursor.nextset()
        self.db.entered()
        return answer

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

    def _require_open(self) -> None:
        if self.cursor.connection is not self.db.connection:
            raise closed()


def closed() -> InterfaceError:
    """Return the refusal of a cursor whose connection went back to the pool.

    It may be another's by now.
    """
    return InterfaceError("The connection of this cursor is closed.")


def _stay(asked: Context) -> None:
    """Require the context of before. Raises NoTenantError or WrongTenantError."""
    here = current()
    if here.uuid != asked.uuid:
        stamp.refuse(asked.uuid, here.uuid, None)


class Cursor(Entering, CursorWrapper):
    """The cursor of every query."""

    may_carry = True


class AloneCursor(Entering, CursorWrapper):
    """A cursor on the server, or one that binds there."""


class DebugCursor(Entering, CursorDebugWrapper):
    """The cursor of every query, with the statements written down as they are."""

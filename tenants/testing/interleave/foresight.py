"""What must happen: a connection and its transaction, as rules and without a database.

A method changes the model as the real thing changes, or raises `Foreseen` with the
names of the errors that are right.
"""

from typing import Final

from tenants.context import Control, TenantInfo
from tenants.testing.interleave.places import Context

LOST: Final = frozenset({"OperationalError", "InterfaceError", "ContextLost"})
NO_CONTEXT: Final = frozenset({"NoTenantError"})
SWITCH: Final = frozenset({"TenantSwitchInTransaction"})
BROKEN: Final = frozenset({"TransactionManagementError"})
ABORTED: Final = frozenset({"InternalError"})
UNKNOWN_SAVEPOINT: Final = frozenset({"OperationalError"})


class Foreseen(Exception):
    """An error that must happen, under one of these names."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names

    @property
    def is_of_database(self) -> bool:
        return not self.names & (NO_CONTEXT | SWITCH)


class Line:
    """The connection of one thread under one alias."""

    def __init__(self) -> None:
        self.in_atomic = False
        self.is_closed = False  # closed inside a transaction, which is not left yet
        self.needs_rollback = False
        self.is_aborted = False
        self.blocks: list[int | None] = []  # savepoints of inner atomic blocks
        self.savepoints: list[int] = []  # those that the server knows
        self.hooks: list[tuple[frozenset[int], Context]] = []
        self.heard: list[Context] = []  # contexts in which hooks have run
        self.number = 0
        self.is_owned = self.is_shared = False
        self.owner: Context = None

    # A transaction is one context's

    def enter(
        self, present: Context, wanted: TenantInfo | Control, *, shared: bool
    ) -> None:
        """Ask whether a context may be entered; nobody asks where none changes."""
        alike = present is None or present.uuid == wanted.uuid
        if not self.in_atomic or (alike and not shared):
            return
        if not self.is_owned:
            self.is_owned, self.owner, self.is_shared = True, present, False
        self.is_shared = self.is_shared or shared
        self._refuse_another(wanted)

    def _require(self, context: TenantInfo | Control) -> None:
        if not self.in_atomic:
            return
        if not self.is_owned:
            self.is_owned, self.is_shared = True, False
            self.owner = context
        self.owner = self.owner or context
        self._refuse_another(context)

    def _refuse_another(self, context: TenantInfo | Control) -> None:
        if self.is_anothers(context):
            raise Foreseen(SWITCH)

    def is_anothers(self, context: TenantInfo | Control) -> bool:
        """Tell whether a transaction is open that belongs to another context."""
        is_owned = self.in_atomic and self.is_owned and not self.is_shared
        return is_owned and self.owner is not None and self.owner.uuid != context.uuid

    # Statements

    def cursor(self, context: Context) -> None:
        """Make a cursor."""
        if context is None:
            raise Foreseen(NO_CONTEXT)
        if self.is_closed:
            raise Foreseen(LOST | {"ProgrammingError"})

    def execute(
        self, context: Context, *, is_undoing: bool = False, is_stale: bool = False
    ) -> None:
        """Send a statement by a cursor that is there, or is of another connection."""
        self._ask(context, is_stale=is_stale)
        if self.needs_rollback:
            raise Foreseen(BROKEN)
        if self.is_aborted and not is_undoing:
            raise Foreseen(ABORTED)

    def _ask(self, context: Context, *, is_stale: bool = False) -> None:
        if is_stale:
            raise Foreseen(LOST)
        if context is None:
            raise Foreseen(NO_CONTEXT)
        self._require(context)
        if self.is_closed:
            raise Foreseen(LOST | BROKEN)

    def statement(self, context: Context, *, is_undoing: bool = False) -> None:
        """Make a cursor and send a statement."""
        self.cursor(context)
        self.execute(context, is_undoing=is_undoing)

    def copy(
        self, context: Context, *, by_old: bool = False, is_stale: bool = False
    ) -> None:
        """Copy or stream: Django does not look on, and does not rename errors."""
        if not by_old:
            self.cursor(context)
        self._ask(context, is_stale=is_stale)
        if self.is_aborted:
            raise Foreseen(frozenset({"InFailedSqlTransaction"}))

    def look(self, context: Context, owner: Context) -> None:
        """Send a query that was built in the owner's context."""
        if context is None:
            raise Foreseen(NO_CONTEXT)
        if owner is not None and owner.uuid != context.uuid:
            raise Foreseen(frozenset({"WrongTenantError"}))
        self.statement(context)

    def fail(self, context: Context, names: frozenset[str]) -> None:
        """Send a statement that the server refuses."""
        self.statement(context)
        self.is_aborted = self.in_atomic
        raise Foreseen(names)

    def save(self, context: Context) -> None:
        """Save a row by the ORM, which remembers that a save failed."""
        try:
            self.statement(context)
        except Foreseen:
            self.needs_rollback = self.needs_rollback or self.in_atomic
            raise

    def violate(self, context: Context) -> None:
        """Save a row that the database does not take."""
        try:
            self.fail(context, frozenset({"IntegrityError"}))
        except Foreseen:
            self.needs_rollback = self.needs_rollback or self.in_atomic
            raise

    # Savepoints

    def savepoint(self, context: Context) -> int | None:
        """Set a savepoint; outside a transaction there is none."""
        if not self.in_atomic:
            return None
        self._need_connection()
        self.statement(context)
        self.number += 1
        self.savepoints.append(self.number)
        return self.number

    def undo(self, context: Context, sid: int | None) -> None:
        """Roll back to a savepoint."""
        if not self.in_atomic:
            return
        self._need_connection()
        self.statement(context, is_undoing=True)
        if sid not in self.savepoints:
            self.is_aborted = True
            raise Foreseen(UNKNOWN_SAVEPOINT)
        self.is_aborted = False
        del self.savepoints[self.savepoints.index(sid) + 1 :]
        self.hooks = [hook for hook in self.hooks if sid not in hook[0]]

    def release(self, context: Context, sid: int | None) -> None:
        """Release a savepoint."""
        if not self.in_atomic:
            return
        self._need_connection()
        self.statement(context)
        if sid not in self.savepoints:
            self.is_aborted = True
            raise Foreseen(UNKNOWN_SAVEPOINT)
        del self.savepoints[self.savepoints.index(sid) :]

    def _need_connection(self) -> None:
        # Without a context as well; which of the two is missed first is no matter.
        if self.is_closed:
            raise Foreseen(LOST | NO_CONTEXT | {"ProgrammingError"})

    # Atomic blocks

    def begin(self, context: Context, *, savepoint: bool) -> None:
        """Enter an atomic block."""
        if not self.in_atomic:
            self.__dict__.update(Line.fresh(self))
            self.in_atomic = True
            return
        sets = savepoint and not self.needs_rollback
        self.blocks.append(self.savepoint(context) if sets else None)

    def end(self, context: Context, *, failed: bool) -> None:
        """Leave an atomic block, with or without an exception."""
        is_outermost = not self.blocks
        sid = None if is_outermost else self.blocks.pop()
        if is_outermost:
            self._end_transaction(failed=failed)
        elif not self.is_closed:
            self._end_block(context, sid, failed=failed or self.needs_rollback)

    def _end_transaction(self, *, failed: bool) -> None:
        keeps = not (failed or self.needs_rollback or self.is_closed)
        hooks = [context for _, context in self.hooks] if keeps else []
        self.__dict__.update(Line.fresh(self))
        self.heard += hooks

    def _end_block(self, context: Context, sid: int | None, *, failed: bool) -> None:
        if failed:
            self._roll_back_block(context, sid)
        elif sid is not None:
            self._commit_block(context, sid)

    def _roll_back_block(self, context: Context, sid: int | None) -> None:
        self.needs_rollback = sid is None
        if sid is not None:
            try:
                self.undo(context, sid)
                self.release(context, sid)
            except Foreseen as error:
                if not error.is_of_database:
                    raise
                self.needs_rollback = True

    def _commit_block(self, context: Context, sid: int) -> None:
        try:
            self.release(context, sid)
        except Foreseen as error:
            if error.is_of_database:
                self._roll_back_block(context, sid)
            raise

    def fresh(self) -> dict[str, object]:
        """Return how a line stands outside transactions."""
        return {**Line().__dict__, "heard": self.heard, "number": self.number}

    # The rest

    def on_commit(self, context: Context) -> None:
        """Have something run after the commit; outside a transaction at once."""
        if context is None:
            raise Foreseen(NO_CONTEXT)
        if self.in_atomic:
            sids = frozenset(sid for sid in self.blocks if sid is not None)
            self.hooks.append((sids, context))
        else:
            self.heard.append(context)

    def close(self) -> None:
        """Close the connection."""
        self.hooks = []
        self.is_closed = self.needs_rollback = self.in_atomic

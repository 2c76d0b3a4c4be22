"""Which context an open transaction belongs to.

A transaction is one tenant's: PostgreSQL would let another schema's rows in, and one
commit or rollback would then decide over both.
"""

from typing import Any, Final

from psycopg.pq import TransactionStatus

from tenants.context import (
    Control,
    TenantInfo,
    TenantSwitchInTransaction,
    current_or_none,
)

Context = TenantInfo | Control
Mark = tuple[int, object]
#: The transaction of a connection whose autocommit is off, or that a raw BEGIN opened.
BY_HAND: Mark = (0, None)
OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class TransactionOwner:
    """Remembers for one connection whose the open transaction is."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._mark: Mark | None = None
        self._owner: Context | None = None
        self._shared = False

    def forget(self) -> None:
        """Begin anew; the transaction has ended."""
        self._mark = self._owner = None
        self._shared = False

    def require(self, context: Context) -> None:
        """Let a statement run. Raises TenantSwitchInTransaction."""
        mark = self._open()
        if mark is None:
            return
        if mark != self._mark:
            self._mark, self._owner, self._shared = mark, context, False
        elif self._owner is None:
            self._owner = context
        self._refuse_another(context)

    def may_enter(self, context: Context, *, same_transaction: bool) -> None:
        """Let a context be entered. Raises TenantSwitchInTransaction."""
        mark = self._open()
        if mark is None:
            return
        if mark != self._mark:
            self._mark, self._owner, self._shared = mark, current_or_none(), False
        if same_transaction:
            self._shared = True
        self._refuse_another(context)

    def _refuse_another(self, context: Context) -> None:
        owner = self._owner
        if self._shared or owner is None or owner.uuid == context.uuid:
            return
        raise TenantSwitchInTransaction

    def _open(self) -> Mark | None:
        """Return what tells the outermost open transaction from the next one.

        The transaction that a test runs in is none: it stands for the whole database.
        Inside it the outermost block is a savepoint, whose name is used once.
        """
        blocks = self._connection.atomic_blocks
        if not blocks:
            return BY_HAND if self._is_by_hand() else None
        outer = sum(1 for block in blocks if block._from_testcase)  # noqa: SLF001 - Django's own mark
        if outer == len(blocks):
            return None
        name = self._connection.savepoint_ids[outer - 1] if outer else None
        return id(blocks[outer]), name

    def _is_by_hand(self) -> bool:
        bare = self._connection.connection
        if bare is None:
            return False
        return bare.pgconn.transaction_status in OPEN or not self._connection.autocommit

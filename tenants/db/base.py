"""The backend `tenants.db`: every statement runs as the tenant of the context.

Schema, role and limits go to the server in one statement, when they differ from what
the connection was last told, and the server's answer proves that they hold.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql.base import DatabaseWrapper as PostgresWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from psycopg import ClientCursor, sql
from psycopg.pq import TransactionStatus

from tenants.carrying.entering import refuse_generators
from tenants.context import (
    CONTROL,
    ENDLESS_MS,
    Control,
    Limits,
    NoTenantError,
    TenantInfo,
    adopt,
    ask_transactions,
    bind,
    current,
    current_or_none,
)
from tenants.db import pool, pooling, wear
from tenants.db.cursors import AloneCursor, Cursor, DebugCursor
from tenants.db.planned import Planned
from tenants.db.statements import reads
from tenants.db.transactions import TransactionOwner

#: How often a connection sends a statement of `planned_cursor` before the server keeps
#: its plan, and how many it keeps; a plan takes about a hundred kilobytes there.
PLANNED_AFTER: Final = 3
MOST_PLANNED: Final = 64
#: Where extensions live; it holds no tables, so nothing falls through to it.
EXTENSIONS: Final = "ext"

SETTINGS: Final = """
SELECT set_config('search_path', %s, false), set_config('role', %s, false),
       set_config('app.tenant', %s, false),
       set_config('statement_timeout', %s, false),
       set_config('lock_timeout', %s, false),
       set_config('idle_in_transaction_session_timeout', %s, false),"""
COMMENT: Final = """(
        SELECT description FROM pg_catalog.pg_description
        WHERE objoid = to_regnamespace(%s)
          AND classoid = 'pg_catalog.pg_namespace'::regclass AND objsubid = 0)"""
# PostgreSQL leaves a missing schema, and one the role may not use, out of the path
# without a word; so the answer names the schema that is really first, and its tag.
ENTER: Final = f"{SETTINGS} current_schema(), {COMMENT}"
# The same ahead of a statement, in one message: PostgreSQL takes both as one
# transaction, so the division by nothing keeps the statement from running elsewhere.
ENTER_AHEAD: Final = f"""{SETTINGS}
       1 / (current_schema() = %s AND COALESCE({COMMENT} = %s, false))::int;
"""
#: The same for as long as the transaction lasts.
ENTER_TRANSACTION: Final = ENTER.replace("false", "true")


#: Time limits of nobody.
ENDLESS: Final = ("0", "0", "0")


class ContextApplyError(NoTenantError):
    """The tenant's data cannot be reached."""

    status = 503
    code = "tenant_unavailable"


class ContextLost(ContextApplyError, OperationalError):
    """The database cannot be reached."""

    code = "database_unavailable"


class TenantUnavailable(ContextApplyError):
    """The tenant's schema is missing, or closed to its role."""


class SchemaIdentityError(ContextApplyError):
    """The schema under the tenant's name is another tenant's."""


@lru_cache(maxsize=1024)
def tag_of(uuid: UUID) -> str:
    """Return what the comment of the tenant's schema says, to tell it from others."""
    return hashlib.sha256(uuid.bytes).hexdigest()[:16]


@lru_cache(maxsize=1024)
def waits(limits: Limits) -> tuple[str, str, str]:
    """Return a tenant's time limits, in milliseconds: its plan's, else the settings'.

    Those of a statement, of waiting for a lock, and of a transaction that rests.
    """
    statement, lock = limits.statement_timeout_ms, limits.lock_timeout_ms
    return (
        str(settings.TENANTRY_STATEMENT_TIMEOUT_MS if statement is None else statement),
        str(settings.TENANTRY_LOCK_TIMEOUT_MS if lock is None else lock),
        str(settings.TENANTRY_IDLE_TRANSACTION_TIMEOUT_MS),
    )


def bounds(limits: Limits) -> tuple[str, str, str]:
    """Return an owner's time limits, as `waits` does a tenant's; none by default."""
    statement, lock = limits.statement_timeout_ms, limits.lock_timeout_ms
    return str(statement or ENDLESS_MS), str(lock or ENDLESS_MS), str(ENDLESS_MS)


def told(context: TenantInfo | Control) -> list[str | None]:
    """Return the values of ENTER.

    The control plane waits without limit, and owners as long as `as_owner` was told.
    """
    if isinstance(context, Control):
        return ["public", context.db_role, str(context.uuid), *ENDLESS, None]
    path = f'"{context.schema_name}", {EXTENSIONS}'
    times = bounds(context.limits) if context.is_owner else waits(context.limits)
    name = context.schema_name
    return [path, context.db_role, str(context.uuid), *times, name]


@lru_cache(maxsize=1024)
def written(statement: str, *values: str | None) -> str:
    """Return a statement with its values in their places, quoted.

    Once for each tenant, as the quoting takes a fifth of the time of a switch.
    """
    return statement % tuple(sql.Literal(value).as_string() for value in values)


class DatabaseWrapper(TenantsWrapper):
    """PostgreSQL, as the tenant that the ContextVar names at each statement."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What the physical connection was last told; None means: tell it again.
        self._applied: TenantInfo | Control | None = None
        # What the statement that is just being sent carries along.
        self._carried: TenantInfo | Control | None = None
        # Whether it was told inside a transaction, whose failure takes it back.
        self._within = False
        #: Tenants whose cached values the open transaction has thrown away.
        self.cleared: dict[UUID, str] = {}
        self._ready = False
        super().__init__(*args, **kwargs)
        self._transaction = TransactionOwner(self)
        self.by_transaction = pooling.is_by_transaction()
        self._statement = ENTER_TRANSACTION if self.by_transaction else ENTER
        if self.by_transaction:
            self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
        self.ops.compiler_module = "tenants.db.compiler"
        self._ready = True

    # Entering the context

    def alone(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Run one statement in a transaction that begins with the context."""
        with (
            self.wrap_database_errors,
            self.connection.pipeline(),
            self.connection.transaction(),
        ):
            self._applied = None
            self._transaction.forget()
            self.enter()
            self._applied = None
            return execute(*args)

    def enter(self, *, carrier: Any = None) -> str:
        """Tell the connection the context, unless it is on it already.

        Where the carrier is a statement that can take the context along, that is left
        to the caller: the answer is what to send ahead of it, and otherwise empty.
        Raises NoTenantError, TenantSwitchInTransaction or ContextApplyError.
        """
        context = current()
        if context is self._applied and self.autocommit and not self._within:
            return ""  # the way of nearly every statement
        status = self._status()
        is_idle = self.autocommit and status == TransactionStatus.IDLE
        if self.in_atomic_block or not is_idle:
            self._transaction.require(context)
        else:
            self._transaction.forget()
        if self._within and status == TransactionStatus.IDLE:
            self.forget()
        if context is self._applied or context == self._applied:
            return ""
        if status == TransactionStatus.INERROR:
            return ""  # the server takes nothing but a rollback now
        self._applied = None
        if context is not CONTROL and is_idle and self._may_carry(carrier):
            self._carried = context
            proof = context.schema_name, tag_of(context.uuid)
            return written(ENTER_AHEAD, *told(context), *proof)
        self._tell(context)
        return ""

    def _may_carry(self, statement: Any) -> bool:
        return not self.connection.pgconn.pipeline_status and reads(statement)

    def entered(self) -> None:
        """Remember the context that the last statement carried and proved."""
        self._applied, self._carried = self._carried, None
        self._note()

    def _tell(self, context: TenantInfo | Control) -> None:
        """Tell the server the context, in a statement of its own, and check it."""
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                row = cursor.execute(
                    written(self._statement, *told(context))
                ).fetchone()
            self._require_proof(context, row)
        except ContextApplyError:
            self.close()
            raise
        except (OperationalError, InterfaceError) as error:
            self.close()
            raise ContextLost(headers={"Retry-After": "5"}) from error
        except Exception as error:
            self.close()
            raise ContextApplyError from error
        self._applied = context
        self._note()
        self._within = self._status() != TransactionStatus.IDLE

    def _note(self) -> None:
        """Count the tenant for which the connection works now."""
        if isinstance(self._applied, TenantInfo):
            wear.of(self.connection).tenants.add(self._applied.uuid)

    def _status(self) -> TransactionStatus:
        return TransactionStatus(self.connection.pgconn.transaction_status)

    def _require_proof(self, context: TenantInfo | Control, row: Any) -> None:
        """Compare the server's answer. Raises ContextApplyError."""
        schema, tag = row[-2:]
        if schema != context.schema_name:
            raise TenantUnavailable
        if context is not CONTROL and tag != tag_of(context.uuid):
            raise SchemaIdentityError

    def _cursor(self, name: str | None = None) -> Any:
        current()
        # The parent's would set a path of its own; the cursor asks when it is used.
        return PostgresWrapper._cursor(self, name)  # type: ignore[attr-defined]  # noqa: SLF001

    def planned_cursor(self) -> Any:
        """Return the cursor of `tenants.db.planned`."""
        current()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(Planned(self.connection))

    def make_cursor(self, cursor: Any) -> Cursor | AloneCursor:
        # Others bind on the server, which takes one statement in a message.
        kind = Cursor if isinstance(cursor, ClientCursor) else AloneCursor
        return kind(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> DebugCursor:
        return DebugCursor(cursor, self)

    @property
    def stands_alone(self) -> bool:
        """Tell whether the next statement needs a transaction for its context."""
        return self.by_transaction and bool(self.get_autocommit())

    def may_enter(
        self, context: TenantInfo | Control, *, same_transaction: bool
    ) -> None:
        """Let this thread enter a context. Raises TenantSwitchInTransaction."""
        self._transaction.may_enter(context, same_transaction=same_transaction)

    # Forgetting it: a setting made inside a transaction goes with its rollback

    def forget(self) -> None:
        """Tell the context again at the next statement, whatever was told before."""
        self._applied = None
        self._within = False

    def look_again(self) -> None:
        """Forget, after a statement that may have moved the server.

        A transaction that it may have begun is the present context's.
        """
        self.forget()
        if self.connection is not None and self._status() == TransactionStatus.INTRANS:
            self._transaction.require(current())

    def close(self) -> None:
        self.forget()
        super().close()

    def _close(self) -> Any:
        if self.pool and self.connection is not None:
            pool.close_if_spent(self.connection)
        return super()._close()

    def connect(self) -> None:
        self.forget()
        super().connect()
        wear.of(self.connection)

    def close_if_unusable_or_obsolete(self) -> None:
        """Close what Django would close between two requests, and what is worn."""
        self.renew()
        super().close_if_unusable_or_obsolete()

    def renew(self) -> None:
        """Close a worn connection where nothing is under way on it."""
        if self.connection is None or self.in_atomic_block or not self.autocommit:
            return
        if self._status() == TransactionStatus.IDLE and wear.of(self.connection).is_out:
            self.close()

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001 - Django's signature
        self._transaction.forget()
        self.cleared.clear()
        if self.by_transaction:
            self.forget()
        super().set_autocommit(autocommit, *args, **kwargs)

    def _commit(self) -> Any:
        """Commit; what was told inside holds only where the server did so, too.

        After an error in the transaction it answers a commit with a rollback.
        """
        applied, sound = self._applied, self._is_sound()
        self._transaction.forget()
        self.forget()
        answer = super()._commit()
        if sound and not self.by_transaction:
            self._applied = applied
        return answer

    def _is_sound(self) -> bool:
        return (
            self.connection is not None and self._status() == TransactionStatus.INTRANS
        )

    def rollback(self) -> None:
        self.forget()
        super().rollback()

    def _rollback(self) -> Any:
        self._transaction.forget()
        self.forget()
        return super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        self.forget()

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Run `func` after the commit, in the context of this call."""
        super().on_commit(bind(func), robust)

    # The pool hands a connection out with nothing left of the tenant before

    @property
    def pool(self) -> Any:
        if not self.settings_dict["OPTIONS"].get("pool"):
            return None  # Django asks for it at each cursor
        pool.install(self)
        return super().pool

    def _configure_connection(self, connection: Any) -> bool:
        if self.settings_dict["OPTIONS"].get("pool"):
            connection.execute(pool.NOWHERE)
        connection.prepare_threshold = None if self.by_transaction else PLANNED_AFTER
        connection.prepared_max = MOST_PLANNED
        return bool(super()._configure_connection(connection))

    # The interface of django-tenants, on top of the ContextVar

    def set_tenant(self, tenant: Any, include_public: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - django-tenants' signature
        self._adopt(tenant)

    def set_schema(self, schema_name: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - django-tenants' signature
        self._adopt(schema_name)

    def set_schema_to_public(self) -> None:
        self._adopt(CONTROL)

    def _adopt(self, named: Any) -> None:
        """Enter what upstream names, for good. Raises TenantUnknown for a schema."""
        if not self._ready:
            return  # the parent's constructor enters public, which nobody asked for
        from tenants.carrying.upstream import meant

        refuse_generators(sys._getframe(2))  # noqa: SLF001 - the one way to the stack
        context = meant(named)
        ask_transactions(context)
        adopt(context)

    @property
    def schema_name(self) -> str | None:
        context = current_or_none()
        return context.schema_name if context else None

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignore what the parent's constructor sets: the context is the truth."""

    @property
    def tenant(self) -> TenantInfo | Control | None:
        return current_or_none()

    @tenant.setter
    def tenant(self, value: Any) -> None:
        """Ignore what the parent's constructor sets: the context is the truth."""

"""The backend `tenants.db`: every statement runs in the schema of the context."""

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as PostgresWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper

from tenants.context import (
    CONTROL,
    Control,
    NoTenantError,
    TenantInfo,
    adopt,
    bind,
    current,
    current_or_none,
    info_of,
)

#: One round trip that sets the path and proves it: PostgreSQL leaves a missing schema
#: out of the path without a word, so the answer names the one that is really first.
ENTER = (
    "SELECT set_config('search_path', %s, false), set_config('app.tenant', %s, false),"
    " current_schema()"
)


class ContextApplyError(NoTenantError):
    """The tenant's data cannot be reached."""

    status = 503
    code = "tenant_unavailable"


class DatabaseWrapper(TenantsWrapper):
    """PostgreSQL, in the schema that the ContextVar names at each statement."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What the physical connection was last told; None means: tell it again.
        self._applied: TenantInfo | Control | None = None
        self._ready = False
        super().__init__(*args, **kwargs)
        self._ready = True
        self.execute_wrappers.append(self._in_context)

    # Entering the context

    def _in_context(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - the signature of Django's execute wrappers
        context: dict[str, Any],
    ) -> Any:
        self._enter()
        return execute(sql, params, many, context)

    def _enter(self) -> None:
        """Tell the connection the context, unless it is on it already."""
        context = current()
        if context == self._applied:
            return
        self._applied = None
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            path = f'"{context.schema_name}"'
            row = cursor.execute(ENTER, [path, str(context.uuid)]).fetchone()
        if row is None or row[2] != context.schema_name:
            self.close()
            raise ContextApplyError
        self._applied = context

    def _cursor(self, name: str | None = None) -> Any:
        current()
        # The parent's would set a path of its own.
        cursor = PostgresWrapper._cursor(self, name)  # type: ignore[attr-defined]  # noqa: SLF001
        self._enter()
        return cursor

    # Forgetting it: a setting made inside a transaction goes with its rollback

    def close(self) -> None:
        self._applied = None
        super().close()

    def connect(self) -> None:
        self._applied = None
        super().connect()

    def rollback(self) -> None:
        self._applied = None
        super().rollback()

    def _rollback(self) -> Any:
        self._applied = None
        return super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        self._applied = None

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Run `func` after the commit, in the context of this call."""
        super().on_commit(bind(func), robust)

    # The interface of django-tenants, on top of the ContextVar

    def set_tenant(self, tenant: Any, include_public: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - django-tenants' signature
        if self._ready:
            adopt(info_of(tenant))

    def set_schema(self, schema_name: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - django-tenants' signature
        if schema_name != CONTROL.schema_name:
            raise NoTenantError(
                "A schema's name is no tenant; enter it by use(tenant)."
            )
        self.set_schema_to_public()

    def set_schema_to_public(self) -> None:
        if self._ready:
            adopt(CONTROL)

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

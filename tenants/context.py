"""Which tenant the running code works for: one ContextVar, and no default.

The context is a tenant, the control plane, or nothing.
Nothing is an error wherever data are touched; it never means the public schema.

    with use(tenant): ...        # works for one tenant
    with use_control(): ...      # works on the public schema, by name
    current()                    # TenantInfo or CONTROL; NoTenantError otherwise

A transaction belongs to one context: another cannot be entered while it is open.
"""

import contextvars
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from django.db import connections

from kernel.errors import ApplicationError
from tenants.carrying.entering import entering

P = ParamSpec("P")
R = TypeVar("R")

#: Stands for the public schema wherever a tenant's uuid is asked for.
CONTROL_UUID: Final = UUID(int=0)
SCHEMA_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
DB_ROLE: Final = re.compile(r"(none|r_[a-z0-9_]{1,61})\Z")
#: What PostgreSQL calls the login itself, which owns the schemas.
OWNER_ROLE: Final = "none"
#: What PostgreSQL calls a time limit that is none.
ENDLESS_MS: Final = 0


class NoTenantError(ApplicationError):
    """No tenant is known here."""

    code = "no_tenant"


class TenantSwitchInTransaction(ApplicationError):
    """A transaction is open, and it belongs to another tenant."""

    code = "tenant_switch_in_transaction"


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much of a resource a tenant has; what is not `hard` only warns."""

    resource: str
    limit: int
    hard: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may use: its plan's, and what is agreed for it alone.

    None is as the settings say. `quotas` and `features` are what holds in the end;
    the value of a feature is kept as JSON, so that nobody can change it.
    """

    plan: str = ""
    plan_name: str = ""
    statement_timeout_ms: int | None = None
    lock_timeout_ms: int | None = None
    requests_per_minute: int | None = None
    quotas: tuple[Allowed, ...] = ()
    features: tuple[tuple[str, str], ...] = ()


#: The limits of a tenant without a plan.
UNPLANNED: Final = Limits()


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """A tenant as running code sees it: values only, safe in any thread.

    `db_role` is who the tenant is to the database; `generation` rises when all that
    was signed or queued before must end, `cache_epoch` when all that was cached must.
    A shadow was restored beside its live tenant, for operators to look at: what its
    rows hold is bound to the uuid of that one.
    """

    uuid: UUID
    slug: str
    schema_name: str
    db_role: str
    name: str
    state: str
    locale: str
    timezone: str
    primary_domain: str
    generation: int
    cache_epoch: int
    storage_prefix: str
    maintenance_until: datetime | None = None
    migration_hold: bool = False
    is_shadow: bool = False
    limits: Limits = UNPLANNED
    live_uuid: UUID | None = None

    def __post_init__(self) -> None:
        if not SCHEMA_NAME.match(self.schema_name) or self.schema_name == "public":
            raise ValueError(f"{self.schema_name!r} is no tenant's schema.")
        if not DB_ROLE.match(self.db_role):
            raise ValueError(f"{self.db_role!r} is no tenant's role.")

    @property
    def rows_uuid(self) -> UUID:
        """Return the uuid that the tenant's rows are stamped and sealed with."""
        return self.live_uuid or self.uuid

    @property
    def is_owner(self) -> bool:
        """Tell whether this is the tenant as the owner of its tables sees it."""
        return self.db_role == OWNER_ROLE


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane: the public schema, entered by name only."""

    schema_name: str = "public"
    db_role: str = OWNER_ROLE
    uuid: UUID = CONTROL_UUID


CONTROL: Final = Control()


class HasInfo(Protocol):
    """A Tenant row; anything that can tell its TenantInfo."""

    def info(self) -> TenantInfo: ...


_current: ContextVar[TenantInfo | Control | None] = ContextVar("tenant", default=None)


def info_of(tenant: TenantInfo | HasInfo) -> TenantInfo:
    """Return the values of a tenant's row, or the values themselves.

    Raises TypeError for anything else.
    """
    if isinstance(tenant, TenantInfo):
        return tenant
    if not hasattr(tenant, "info"):
        raise TypeError(f"This takes a Tenant or its TenantInfo, and not {tenant!r}.")
    with use_control():  # where the row's domains are
        return tenant.info()


def as_owner(
    tenant: TenantInfo | HasInfo,
    *,
    lock_timeout_ms: int = ENDLESS_MS,
    statement_timeout_ms: int = ENDLESS_MS,
) -> TenantInfo:
    """Return the tenant as the owner of its tables: for migrations and nothing else.

    Who works so may change tables, and append-only ones too; a test lists the callers.
    The limits of its plan bind its people and not its owner, who waits as long as is
    said here: the connection tells it to the server with the context.
    """
    info = info_of(tenant)
    limits = replace(
        info.limits,
        lock_timeout_ms=lock_timeout_ms,
        statement_timeout_ms=statement_timeout_ms,
    )
    return replace(info, db_role=OWNER_ROLE, limits=limits)


def ask_transactions(
    context: TenantInfo | Control, *, same_transaction: bool = False
) -> None:
    """Ask the open transactions of this thread whether the context may be entered.

    Raises TenantSwitchInTransaction where one belongs to another context, unless the
    caller says that it shall go on in `same_transaction`.
    """
    before = current_or_none()
    alike = before is None or before.uuid == context.uuid
    if alike and not same_transaction:
        return  # a statement would be refused where the transaction is another's
    for connection in connections.all(initialized_only=True):
        own: Any = connection
        if hasattr(own, "may_enter"):
            own.may_enter(context, same_transaction=same_transaction)


@entering
def use(
    tenant: TenantInfo | HasInfo, *, same_transaction: bool = False
) -> Iterator[TenantInfo]:
    """Work for one tenant inside the block; as a decorator, inside each call.

    Raises TenantSwitchInTransaction where a transaction of another context is open;
    `same_transaction` is for code that writes in two planes at once and knows why.
    Raises TypeError in a generator, which would leave its reader in the tenant.
    """
    info = info_of(tenant)
    ask_transactions(info, same_transaction=same_transaction)
    token = _current.set(info)
    try:
        yield info
    finally:
        _current.reset(token)


@entering
def use_control(*, same_transaction: bool = False) -> Iterator[None]:
    """Work on the control plane inside the block; as a decorator, inside each call.

    Raises TenantSwitchInTransaction as `use` does.
    """
    ask_transactions(CONTROL, same_transaction=same_transaction)
    token = _current.set(CONTROL)
    try:
        yield
    finally:
        _current.reset(token)


def current_or_none() -> TenantInfo | Control | None:
    """Return the context, or None where there is none."""
    return _current.get()


def current() -> TenantInfo | Control:
    """Return the context. Raises NoTenantError where there is none."""
    context = _current.get()
    if context is None:
        raise NoTenantError
    return context


def current_tenant() -> TenantInfo:
    """Return the tenant. Raises NoTenantError in the control plane and in none."""
    context = current()
    if isinstance(context, Control):
        raise NoTenantError("This works for one tenant, and none is entered.")
    return context


def in_control() -> bool:
    """Tell whether the control plane is entered."""
    return isinstance(current_or_none(), Control)


def is_shadow() -> bool:
    """Tell whether the entered tenant is a shadow, from which nothing goes out."""
    context = current()
    return isinstance(context, TenantInfo) and context.is_shadow


def may_call_out() -> bool:
    """Tell whether outgoing calls may leave: not for a shadow, whatever asks for them.

    Where no tenant is entered none of its data are at hand, so that is no obstacle.
    """
    return current_or_none() is None or not is_shadow()


def context_uuid() -> UUID:
    """Return the tenant's uuid, or CONTROL_UUID in the control plane."""
    return current().uuid


def rows_uuid() -> UUID:
    """Return the uuid that rows are stamped and sealed with, in control CONTROL_UUID.

    It is the tenant's own, but for a shadow that of its live tenant.
    """
    context = current()
    return context.uuid if isinstance(context, Control) else context.rows_uuid


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` tied to the present context, for another thread or later.

    A coroutine keeps it to its end. Raises TypeError for a generator.
    """
    return _again(current())(function)


@entering
def _again(context: TenantInfo | Control) -> Iterator[None]:
    """Go back to a context that was entered before."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def adopt(
    context: TenantInfo | Control | None,
) -> contextvars.Token[Any]:
    """Set the context for good in this thread; only for shells and django-tenants."""
    return _current.set(context)

"""Which tenant the running code works for: one ContextVar, and no default.

The context is a tenant, the control plane, or nothing.
Nothing is an error wherever data are touched; it never means the public schema.

    with use(tenant): ...        # works for one tenant
    with use_control(): ...      # works on the public schema, by name
    current()                    # TenantInfo or CONTROL; NoTenantError otherwise
"""

import contextvars
import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from kernel.errors import ApplicationError

P = ParamSpec("P")
R = TypeVar("R")

#: Stands for the public schema wherever a tenant's uuid is asked for.
CONTROL_UUID: Final = UUID(int=0)
SCHEMA_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


class NoTenantError(ApplicationError):
    """No tenant is known here."""

    code = "no_tenant"


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """A tenant as running code sees it: values only, safe in any thread."""

    uuid: UUID
    slug: str
    schema_name: str
    name: str
    state: str
    locale: str
    timezone: str
    primary_domain: str

    def __post_init__(self) -> None:
        if not SCHEMA_NAME.match(self.schema_name) or self.schema_name == "public":
            raise ValueError(f"{self.schema_name!r} is no tenant's schema.")


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane: the public schema, entered by name only."""

    schema_name: str = "public"
    uuid: UUID = CONTROL_UUID


CONTROL: Final = Control()


class HasInfo(Protocol):
    """A Tenant row; anything that can tell its TenantInfo."""

    def info(self) -> TenantInfo: ...


_current: ContextVar[TenantInfo | Control | None] = ContextVar("tenant", default=None)


def info_of(tenant: TenantInfo | HasInfo) -> TenantInfo:
    """Return the values of a tenant's row, or the values themselves."""
    return tenant if isinstance(tenant, TenantInfo) else tenant.info()


@contextmanager
def _entered(context: TenantInfo | Control) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def use(tenant: TenantInfo | HasInfo) -> Iterator[TenantInfo]:
    """Work for one tenant inside the block; as a decorator, inside each call."""
    info = info_of(tenant)
    with _entered(info):
        yield info


@contextmanager
def use_control() -> Iterator[None]:
    """Work on the control plane inside the block; as a decorator, inside each call."""
    with _entered(CONTROL):
        yield


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
    return isinstance(_current.get(), Control)


def context_uuid() -> UUID:
    """Return the tenant's uuid, or CONTROL_UUID in the control plane."""
    return current().uuid


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` tied to the present context, for another thread or later."""
    context = current()

    @functools.wraps(function)
    def bound(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _current.set(context)
        try:
            return function(*args, **kwargs)
        finally:
            _current.reset(token)

    return bound


def adopt(
    context: TenantInfo | Control | None,
) -> contextvars.Token[TenantInfo | Control | None]:
    """Set the context for good in this thread; only for shells and django-tenants."""
    return _current.set(context)

"""Whose row is it, and which rows may be seen: the functions behind two settings.

`GOFLOW_TENANT_RESOLVER` and `GOFLOW_TENANT_FILTER` name a function or hold one.
They add to the schema of the tenant and to the stamp of each row, and replace neither:
a resolver must name the tenant of the context, and a filter can only take rows away.
An answer that is wrong in any way is an error, and no row is read or written.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final, TypeVar

from django.db import Error
from django.db.models import CharField, Expression, Model, QuerySet
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from kernel.errors import ApplicationError
from tenants.context import current_tenant
from workflow import conf, provisioning
from workflow.errors import TenantFunctionWrong, TenantMismatch

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Model)
Resolved = dict[str, str | None]

LONGEST_ORG_ID: Final = 100

_actor: ContextVar[Any] = ContextVar("workflow_actor", default=None)


def tenant_id() -> str:
    """Return the stamp of the tenant's rows. Raises NoTenantError."""
    return str(current_tenant().rows_uuid)


class TenantId(Expression):
    """The same in a query, as it is when the statement is sent."""

    output_field = CharField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 - Django's signature
        return "%s", [tenant_id()]


def own(queryset: QuerySet[Row]) -> QuerySet[Row]:
    """Return the rows stamped with the tenant of the context."""
    return queryset.filter(tenant_id=TenantId())


@contextmanager
def acting(user: Any) -> Iterator[None]:
    """Let the resolver know who writes rows inside the block."""
    token = _actor.set(user)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> Any:
    """Return who writes; where nobody does, the engine's account, read if looked at."""
    return _actor.get() or SimpleLazyObject(provisioning.system_user)


# What the settings name, unless somebody changes them


def resolve(request: Any = None, user: Any = None) -> Resolved:  # noqa: ARG001 - the seed's signature
    """Return the tenant of a new row: the one of the context."""
    return {"tenant_id": tenant_id(), "org_id": None}


def filter_queryset(
    queryset: QuerySet[Row],
    request: Any = None,  # noqa: ARG001 - the seed's signature
    user: Any = None,  # noqa: ARG001 - as above
) -> QuerySet[Row]:
    """Return the rows stamped with the tenant of the context."""
    return own(queryset)


# What everybody calls


def resolved(*, request: Any = None, user: Any = None) -> Resolved:
    """Return what the configured resolver answers about a new row.

    Raises TenantMismatch where it names another tenant, and TenantFunctionWrong where
    it fails or answers something else.
    """
    wanted = tenant_id()
    function = _named("GOFLOW_TENANT_RESOLVER")
    answer = _asked(function, request=request, user=user or actor())
    if not isinstance(answer, Mapping) or answer.get("tenant_id") is None:
        raise TenantFunctionWrong
    if answer["tenant_id"] != wanted:
        raise TenantMismatch
    org_id = answer.get("org_id")
    if org_id is not None and not _fits(org_id):
        raise TenantFunctionWrong
    return {"tenant_id": wanted, "org_id": org_id}


def filtered(
    queryset: QuerySet[Row], *, request: Any = None, user: Any = None
) -> QuerySet[Row]:
    """Return what the configured filter leaves of the tenant's rows.

    Raises TenantFunctionWrong where it fails or answers anything else than rows.
    """
    function = _named("GOFLOW_TENANT_FILTER")
    if function is filter_queryset:
        return own(queryset)
    user = actor() if user is None else user
    answer = _asked(function, queryset, request=request, user=user)
    _require_rows_of(queryset, answer)
    # What the filter adds to the rows that it got, it does not add to these.
    return own(queryset).filter(pk__in=answer.values("pk"))


def filters() -> bool:
    """Tell whether the filter leaves out more than the rows of other tenants."""
    return _named("GOFLOW_TENANT_FILTER") is not filter_queryset


def hides(model: type[Model], key: int, *, user: Any) -> bool:
    """Tell whether the filter leaves out a row of the tenant."""
    if not filters():
        return False
    rows = model._default_manager.filter(pk=key)  # noqa: SLF001 - Django's public name
    return not filtered(rows, user=user).exists()


def _asked(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except (ApplicationError, Error):
        raise
    except Exception as problem:
        logger.exception("workflow.tenant_function_failed")
        raise TenantFunctionWrong from problem


def _require_rows_of(queryset: QuerySet[Any], answer: Any) -> None:
    is_of_model = isinstance(answer, QuerySet) and answer.model is queryset.model
    if not is_of_model or answer._fields is not None or answer.db != queryset.db:
        raise TenantFunctionWrong


def _fits(org_id: object) -> bool:
    return isinstance(org_id, str) and len(org_id) <= LONGEST_ORG_ID


def _named(setting: str) -> Callable[..., Any]:
    value = conf.value(setting)
    if callable(value):
        function: Callable[..., Any] = value
        return function
    return _imported(value)


@cache
def _imported(path: str) -> Callable[..., Any]:
    function: Callable[..., Any] = import_string(path)
    return function

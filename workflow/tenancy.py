"""Whose row is it, and which rows may be seen: the functions behind two settings.

`GOFLOW_TENANT_RESOLVER` and `GOFLOW_TENANT_FILTER` name a function or hold one.
They add to the schema of the tenant and never replace it, and they fail closed.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

from tenants.context import context_uuid
from workflow import conf
from workflow.errors import TenantMismatch

Row = TypeVar("Row", bound=Model)


def resolve(request: Any = None, user: Any = None) -> dict[str, str | None]:  # noqa: ARG001 - the seed's signature
    """Return the tenant of a new row: the one of the context."""
    return {"tenant_id": str(context_uuid()), "org_id": None}


def filter_queryset(
    queryset: QuerySet[Row],
    request: Any = None,  # noqa: ARG001 - the seed's signature
    user: Any = None,  # noqa: ARG001 - as above
) -> QuerySet[Row]:
    """Return the rows stamped with the tenant of the context."""
    return queryset.filter(tenant_id=str(context_uuid()))


def resolved(*, request: Any = None, user: Any = None) -> dict[str, str | None]:
    """Return what the configured resolver answers; a foreign answer is refused."""
    answer: dict[str, str | None] = _named("GOFLOW_TENANT_RESOLVER")(
        request=request, user=user
    )
    if answer.get("tenant_id") != str(context_uuid()):
        raise TenantMismatch
    return answer


def filtered(
    queryset: QuerySet[Row], *, request: Any = None, user: Any = None
) -> QuerySet[Row]:
    """Return what the configured filter leaves of the rows."""
    answer = _named("GOFLOW_TENANT_FILTER")(queryset, request=request, user=user)
    if not isinstance(answer, QuerySet) or answer.model is not queryset.model:
        raise TenantMismatch("The tenant filter answered something else than rows.")
    return answer


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

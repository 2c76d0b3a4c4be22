"""django-tenants' own ways to enter a tenant, made safe; ours is `tenants.context.use`.

Upstream keeps the tenant to return to on one object for all threads: a decorated
function, or a list that all tenants share, so two threads can leave in each other's.
Here each entry is a block of `use`, kept where only its own thread or task sees it.
"""

import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final

from django.db import connections
from django_tenants import utils
from django_tenants.models import TenantMixin

from tenants.carrying.entering import Decorating
from tenants.context import (
    CONTROL,
    Control,
    TenantInfo,
    adopt,
    current_or_none,
    use,
    use_control,
)
from tenants.errors import TenantUnknown

#: The names that are bound anew, with what upstream had there.
ORIGINALS: Final[dict[tuple[Any, str], Any]] = {
    (owner, name): vars(owner)[name]
    for owner, names in (
        (utils, ("schema_context", "tenant_context")),
        (TenantMixin, ("__enter__", "__exit__", "activate", "deactivate")),
    )
    for name in names
    if name in vars(owner)
}

_blocks: ContextVar[tuple[AbstractContextManager[Any], ...]] = ContextVar(
    "blocks of django-tenants", default=()
)


def install() -> None:
    """Bind upstream's names to the safe ones, wherever they were imported to."""
    for (owner, name), original in ORIGINALS.items():
        safe = SAFE[name]
        setattr(owner, name, safe)
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is original:
                setattr(module, name, safe)


# Blocks


def enter(tenant: Any) -> None:
    """Enter a tenant until `leave`; both belong to this thread or task."""
    block = block_of(tenant)
    block.__enter__()
    _blocks.set((*_blocks.get(), block))


def leave(*error: Any) -> None:
    """Leave the block that was entered last, for the context before it."""
    *outer, block = _blocks.get()
    _blocks.set(tuple(outer))
    block.__exit__(*error)


def block_of(tenant: Any) -> AbstractContextManager[Any]:
    """Return a block for a tenant as upstream names one."""
    context = meant(tenant)
    return use_control() if isinstance(context, Control) else use(context)


def meant(tenant: Any) -> TenantInfo | Control:
    """Return whom upstream means by a row, values or a schema. Raises TenantUnknown."""
    name = tenant if isinstance(tenant, str) else tenant.schema_name
    if name == CONTROL.schema_name:
        return CONTROL
    if isinstance(tenant, TenantInfo):
        return tenant
    found = by_schema(name)
    if getattr(tenant, "uuid", found.uuid) != found.uuid:
        raise TenantUnknown("Another tenant lives in that row's schema by now.")
    return found


def by_schema(name: str) -> TenantInfo:
    """Return the tenant that lives in a schema. Raises TenantUnknown."""
    from tenants import lookup
    from tenants.models import Tenant

    context = current_or_none()
    if isinstance(context, TenantInfo) and context.schema_name == name:
        return context
    with use_control():
        found = next(iter(lookup.infos(Tenant.objects.filter(schema_name=name))), None)
    if found is None:
        raise TenantUnknown(f"No tenant lives in the schema {name!r}.")
    return found


# What stands in the place of upstream's


class Context(Decorating):
    """A block for a tenant; as a decorator, a block of its own at each call."""

    def __init__(self, tenant: Any, **options: Any) -> None:  # noqa: ARG002 - upstream's signature; there is one database
        self.tenant = tenant

    def __enter__(self) -> None:
        enter(self.tenant)

    def __exit__(self, *error: object) -> None:
        leave(*error)


def enter_row(self: Any) -> Any:
    """Enter the tenant of this row, for `with tenant:`."""
    enter(self)
    return self


def leave_row(self: Any, *error: Any) -> None:  # noqa: ARG001 - upstream's signature
    """Leave what `with tenant:` entered."""
    leave(*error)


def activate(self: Any) -> None:
    """Enter the tenant of this row for good, in this thread or task; for a shell."""
    connection: Any = connections[utils.get_tenant_database_alias()]
    connection.set_tenant(self)


def deactivate(cls: Any) -> None:  # noqa: ARG001 - upstream's signature
    """Leave every tenant, for none; the control plane is entered by name only."""
    adopt(None)


SAFE: Final[dict[str, Any]] = {
    "schema_context": Context,
    "tenant_context": Context,
    "__enter__": enter_row,
    "__exit__": leave_row,
    "activate": activate,
    "deactivate": classmethod(deactivate),
}

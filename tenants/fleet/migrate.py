"""Run Django's own migrations in the control plane and in each tenant's schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate

from tenants import roles, states
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.models import Tenant

#: States whose schema is there to be migrated.
MIGRATED = (Tenant.State.ACTIVE, Tenant.State.SUSPENDED)


def migrate_control(**options: Any) -> None:
    """Bring the public schema to the code's tables. Options are those of `migrate`."""
    with use_control():
        call_command(DjangoMigrate(), **quiet(options))
        roles.harden()


def migrate_tenant(tenant: TenantInfo, **options: Any) -> None:
    """Bring one tenant's schema to the code's tables, and its role to its rights.

    Both are made where they are missing.
    """
    with owned(tenant):
        call_command(DjangoMigrate(), **quiet(options))


@contextmanager
def owned(tenant: TenantInfo) -> Iterator[None]:
    """Work as the owner of a tenant's tables; after it the role has its rights."""
    with use_control():
        roles.ensure(tenant)
    states.let_in_again(tenant)
    try:
        with use(as_owner(tenant)):
            yield
    finally:
        with use_control():
            roles.protect(tenant)


def migrate_fleet(
    *, said: Callable[[str], object] = bool, **options: Any
) -> dict[str, str]:
    """Migrate the control plane and then each tenant; return slug to error text.

    A tenant that fails keeps its tables and does not stop the others.
    `said` gets one line a schema.
    """
    migrate_control(**options)
    said("public: up to date")
    failed: dict[str, str] = {}
    for tenant in fleet():
        try:
            migrate_tenant(tenant, **options)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            failed[tenant.slug] = f"{type(error).__name__}: {error}"
            said(f"{tenant.slug}: failed, {failed[tenant.slug]}")
        else:
            said(f"{tenant.slug}: up to date")
    return failed


def fleet() -> list[TenantInfo]:
    """Return every tenant with a schema, stopped ones last."""
    with use_control():
        rows = Tenant.objects.filter(state__in=MIGRATED).prefetch_related("domains")
        tenants = [row.info() for row in rows]
    return sorted(tenants, key=lambda t: (t.state == "suspended", t.slug))


def quiet(options: dict[str, Any]) -> dict[str, Any]:
    return {"interactive": False, "verbosity": 0, **options}

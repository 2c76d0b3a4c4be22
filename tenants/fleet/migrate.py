"""Run Django's own migrations in the control plane and in each tenant's schema."""

from collections.abc import Callable
from typing import Any

from tenants import lookup, roles, states
from tenants.context import TenantInfo, use_control
from tenants.fleet import templates
from tenants.fleet.current import up_to_date
from tenants.fleet.owning import owned, run_migrations
from tenants.models import Tenant


def migrate_control(**options: Any) -> None:
    """Bring the public schema to the code's tables. Options are those of `migrate`."""
    with use_control():
        run_migrations(**options)
        roles.harden()


def migrate_tenant(tenant: TenantInfo, **options: Any) -> None:
    """Bring one tenant's schema to the code's tables, and its role to its rights.

    Both are made where they are missing.
    """
    with owned(tenant):
        run_migrations(**options)


def migrate_fleet(
    *, said: Callable[[str], object] = bool, **options: Any
) -> dict[str, str]:
    """Migrate the control plane and then each tenant; return slug to error text.

    The template of new tenants is compiled in between, where the code has a new one.
    Tenants that are up to date are passed by, which some statements tell of all.
    A tenant that fails keeps its tables and does not stop the others.
    `said` gets one line a schema.
    """
    migrate_control(**options)
    said("public: up to date")
    template = templates.compile_template()
    tenants = with_schema()
    current = set() if options else up_to_date(tenants, template)
    failed: dict[str, str] = {}
    for tenant in tenants:
        try:
            if tenant.uuid not in current:
                migrate_tenant(tenant, **options)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            failed[tenant.slug] = f"{type(error).__name__}: {error}"
            said(f"{tenant.slug}: failed, {failed[tenant.slug]}")
        else:
            said(f"{tenant.slug}: up to date")
    return failed


def with_schema() -> list[TenantInfo]:
    """Return every tenant with a schema, stopped ones last."""
    with use_control():
        there = Tenant.objects.filter(state__in=states.WITH_SCHEMA)
        tenants = lookup.infos(there)
    return sorted(tenants, key=lambda t: (not states.is_open(t.state), t.slug))

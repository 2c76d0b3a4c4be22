"""Run Django's own migrations in the control plane, or in one tenant's schema."""

from typing import Any

from tenants import roles
from tenants.context import TenantInfo, use_control
from tenants.fleet.owning import owned, run_migrations


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

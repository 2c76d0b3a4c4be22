"""Run Django's own migrations in the control plane, or in one tenant's schema."""

from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from tenants import roles
from tenants.context import TenantInfo, use_control
from tenants.db.router import labels
from tenants.fleet.owning import owned, run_migrations
from tenants.fleet.targets import due_in_control


def migrate_control(**options: Any) -> None:
    """Bring the public schema to the code's tables. Options are those of `migrate`."""
    with use_control():
        run_migrations(**options)
        roles.harden()


def bring_control() -> None:
    """Bring the public schema to the code's tables, and see that it is closed.

    A release that changes only tenants' tables has nothing to run there.
    Raises FleetAhead where a newer release was there.
    """
    due = due_in_control()
    if any(app in labels("control") for app, _name in due.pending):
        migrate_control()
        return
    with use_control(), transaction.atomic():
        recorder = MigrationRecorder(connection)
        for app, name in (*due.pending, *due.squashed):
            recorder.record_applied(app, name)
        roles.harden()


def migrate_tenant(tenant: TenantInfo, **options: Any) -> None:
    """Bring one tenant's schema to the code's tables, and its role to its rights.

    Both are made where they are missing.
    """
    with owned(tenant):
        run_migrations(**options)

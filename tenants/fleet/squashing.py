"""Write a squashed migration down where all that it stands for ran, as Django does.

The release that drops its parts would run it anew otherwise, on tables that are there.
"""

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from tenants.context import TenantInfo, use_control
from tenants.fleet import reading
from tenants.fleet.owning import bare
from tenants.fleet.targets import Target


def note(target: Target, tenant: TenantInfo, *, lock_timeout_ms: int) -> None:
    """Do so in a tenant's schema."""
    with use_control():
        found = target.squashed(reading.applied(tenant))
    if not found:
        return
    with bare(tenant, lock_timeout_ms=lock_timeout_ms), transaction.atomic():
        recorder = MigrationRecorder(connection)
        for app, name in found:
            recorder.record_applied(app, name)

"""All schemas together: bring them to the code's tables."""

from tenants.fleet.migrate import (
    migrate_control,
    migrate_fleet,
    migrate_tenant,
    owned,
)

__all__ = ["migrate_control", "migrate_fleet", "migrate_tenant", "owned"]

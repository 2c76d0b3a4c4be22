"""All schemas together: their template, and their way to the code's tables."""

from tenants.fleet.migrate import migrate_control, migrate_fleet, migrate_tenant
from tenants.fleet.owning import owned
from tenants.fleet.templates import build, compile_template
from tenants.fleet.templates import find as find_template

__all__ = [
    "build",
    "compile_template",
    "find_template",
    "migrate_control",
    "migrate_fleet",
    "migrate_tenant",
    "owned",
]

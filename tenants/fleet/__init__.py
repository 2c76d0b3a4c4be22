"""All schemas together: their template, and their way to the code's tables."""

from tenants.fleet.crowding import place
from tenants.fleet.migrate import (
    migrate_control,
    migrate_fleet,
    migrate_tenant,
    with_schema,
)
from tenants.fleet.owning import owned
from tenants.fleet.pool import claim
from tenants.fleet.pool import fill as fill_pool
from tenants.fleet.revisions import of_code as revision
from tenants.fleet.surveying import survey
from tenants.fleet.templates import build, compile_template
from tenants.fleet.templates import find as find_template

__all__ = [
    "build",
    "claim",
    "compile_template",
    "fill_pool",
    "find_template",
    "migrate_control",
    "migrate_fleet",
    "migrate_tenant",
    "owned",
    "place",
    "revision",
    "survey",
    "with_schema",
]

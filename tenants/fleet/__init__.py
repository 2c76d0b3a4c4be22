"""All schemas together: their template, and their way to the code's tables."""

from tenants.fleet.crowding import place
from tenants.fleet.looking import look
from tenants.fleet.migrate import migrate_control, migrate_tenant
from tenants.fleet.orders import Order, Outcome, Report, Told, waves
from tenants.fleet.owning import owned
from tenants.fleet.pool import claim
from tenants.fleet.pool import fill as fill_pool
from tenants.fleet.revisions import of_code as revision
from tenants.fleet.running import run
from tenants.fleet.survey import with_schema
from tenants.fleet.templates import build, compile_template
from tenants.fleet.templates import find as find_template

__all__ = [
    "Order",
    "Outcome",
    "Report",
    "Told",
    "build",
    "claim",
    "compile_template",
    "fill_pool",
    "find_template",
    "look",
    "migrate_control",
    "migrate_tenant",
    "owned",
    "place",
    "revision",
    "run",
    "waves",
    "with_schema",
]

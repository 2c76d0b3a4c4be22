from collections.abc import Sequence

from customers.models import Client, Domain
from desk import rows
from django.core.management import call_command
from django.db import connection


def make(sites: Sequence[str]) -> None:
    """Make the shared tables and one schema a site, each with its rows."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    for site in sites:
        tenant = Client(schema_name=site, name=site)
        tenant.save(verbosity=0)
        Domain.objects.create(
            domain=f"{site}.localhost", tenant=tenant, is_primary=True
        )
        connection.set_tenant(tenant)
        rows.fill(site)
        connection.set_schema_to_public()

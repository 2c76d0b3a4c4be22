from customers.models import Client, Domain
from django.core.management import call_command
from django.db import connection
from estate.site import Fleet


class Service(Fleet):
    def make(self, slug: str) -> None:
        connection.set_schema_to_public()
        tenant = Client(schema_name=slug, name=slug)
        tenant.save(verbosity=0)
        Domain.objects.create(
            domain=f"{slug}.localhost", tenant=tenant, is_primary=True
        )

    def migrate_all(self) -> None:
        connection.set_schema_to_public()
        call_command("migrate_schemas", tenant=True, verbosity=0)

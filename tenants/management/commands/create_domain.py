"""`manage.py create_domain` of django-tenants, by ours: a claim to be proven."""

from typing import Any

from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.forwarding import Forwarding


class Command(Forwarding):
    """Claims a name for a tenant; it leads there once the DNS agrees."""

    help = "Claim a domain for a tenant; see `manage.py tenant domain add`."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        self.add_schema(parser)
        parser.add_argument("--domain-domain", required=True, metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        tenant = str(find_by_schema(options["schema"]).uuid)
        name = options["domain_domain"]
        self.forward("domain", "add", tenant, name, noinput=options["noinput"])

"""`manage.py delete_tenant` of django-tenants, by ours: it means a purge."""

from typing import Any

from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.forwarding import Forwarding


class Command(Forwarding):
    """Purges a tenant; the names are upstream's, the work is `tenant purge`."""

    help = "Delete a tenant after a grace; see `manage.py tenant purge`."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        self.add_schema(parser)
        parser.add_argument("--now", action="store_true")
        parser.add_argument("--confirm", default="", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        words = ["--now", "--confirm", options["confirm"]] if options["now"] else []
        tenant = str(find_by_schema(options["schema"]).uuid)
        self.forward("purge", tenant, *words, noinput=options["noinput"])

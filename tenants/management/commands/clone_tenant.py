"""`manage.py clone_tenant` of django-tenants, by ours: no credentials go along."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.planes import InPlane


class Command(InPlane):
    """Copies a tenant; the names are upstream's, the work is `tenant clone`."""

    plane = "control"
    help = "Copy a tenant, without its credentials; see `manage.py tenant clone`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clone_from", required=True, metavar="SCHEMA_OR_TENANT")
        parser.add_argument(
            "--slug", required=True, metavar="SLUG", help="The copy's address."
        )
        parser.add_argument("--anonymise", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        words = ["--anonymise"] if options["anonymise"] else []
        tenant = find_by_schema(options["clone_from"])
        call_command(
            "tenant",
            "clone",
            str(tenant.uuid),
            options["slug"],
            *words,
            stdout=self.stdout._out,  # noqa: SLF001 - the stream behind the style
            stderr=self.stderr._out,  # noqa: SLF001 - as above
        )

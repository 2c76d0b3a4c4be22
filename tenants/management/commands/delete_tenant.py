"""`manage.py delete_tenant` of django-tenants, by ours: it means a purge."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.planes import InPlane


class Command(InPlane):
    """Purges a tenant; the names are upstream's, the work is `tenant purge`."""

    plane = "control"
    help = "Delete a tenant after a grace; see `manage.py tenant purge`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "-s", "--schema", required=True, metavar="SCHEMA_OR_TENANT", dest="schema"
        )
        parser.add_argument("--now", action="store_true")
        parser.add_argument("--confirm", default="", metavar="SLUG")
        parser.add_argument("--noinput", "--no-input", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        words = ["--yes"] if options["noinput"] else []
        if options["now"]:
            words += ["--now", "--confirm", options["confirm"]]
        tenant = find_by_schema(options["schema"])
        call_command(
            "tenant",
            "purge",
            str(tenant.uuid),
            *words,
            stdout=self.stdout._out,  # noqa: SLF001 - the stream behind the style
            stderr=self.stderr._out,  # noqa: SLF001 - as above
        )

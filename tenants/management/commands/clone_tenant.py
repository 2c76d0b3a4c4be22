"""`manage.py clone_tenant` of django-tenants, by ours: no credentials go along."""

from typing import Any

from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.forwarding import WHICH, Forwarding


class Command(Forwarding):
    """Copies a tenant; the names are upstream's, the work is `tenant clone`."""

    help = "Copy a tenant, without its credentials; see `manage.py tenant clone`."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clone_from", required=True, metavar=WHICH)
        parser.add_argument(
            "--slug", required=True, metavar="SLUG", help="The copy's address."
        )
        parser.add_argument("--anonymise", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        words = ["--anonymise"] if options["anonymise"] else []
        tenant = find_by_schema(options["clone_from"])
        self.forward(
            "clone",
            str(tenant.uuid),
            options["slug"],
            *words,
            noinput=options["noinput"],
        )

"""`manage.py delete_domain` of django-tenants, by ours: the name has its 30 days."""

from typing import Any

from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.forwarding import Forwarding


class Command(Forwarding):
    """Gives a customer's name up; the platform's own stays."""

    help = "Remove a domain of a tenant; see `manage.py tenant domain remove`."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        self.add_schema(parser)
        parser.add_argument("-d", "--domain", required=True, metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        tenant = str(find_by_schema(options["schema"]).uuid)
        words = ("domain", "remove", options["domain"], "--tenant", tenant)
        self.forward(*words, noinput=options["noinput"])

"""`manage.py rename_schema` of django-tenants, by ours: another slug, no more."""

from typing import Any

from django.core.management.base import CommandParser

from tenants.management.finding import find_by_schema
from tenants.management.forwarding import WHICH, Forwarding


class Command(Forwarding):
    """Gives a tenant another slug: a schema's name says nothing, and stays."""

    help = "Rename a tenant; see `manage.py tenant rename`. Its schema stays."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--rename_from", required=True, metavar=WHICH)
        parser.add_argument("--rename_to", required=True, metavar="NEW_SLUG")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        tenant = str(find_by_schema(options["rename_from"]).uuid)
        words = ("rename", tenant, options["rename_to"])
        self.forward(*words, noinput=options["noinput"])

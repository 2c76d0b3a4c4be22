"""`manage.py collectstatic_schemas`: `collectstatic`, since tenants share the files."""

from django.contrib.staticfiles.management.commands.collectstatic import (
    Command as DjangoCollect,
)
from django.core.management.base import CommandParser

from tenants.management.planes import InPlane


class Command(InPlane, DjangoCollect):
    """Takes the arguments of django-tenants, which choose nothing here."""

    plane = "none"
    help = "Collect the static files, which all tenants share."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("-s", "--schema", "--schema_name", dest="schema_name")
        parser.add_argument("-a", "--all-schemas", action="store_true")

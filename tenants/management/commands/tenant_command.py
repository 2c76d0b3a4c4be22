"""`manage.py tenant_command COMMAND … --schema NAME`: django-tenants' `tenant run`."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from tenants.context import use_control
from tenants.management import finding
from tenants.management.ends import WRONG_USAGE, fail
from tenants.management.planes import InPlane
from tenants.management.running import run_in
from tenants.models import Tenant


class Command(InPlane):
    """Takes a schema's name, as upstream does, or any other name of a tenant.

    Exit codes as of `manage.py tenant run`.
    """

    plane = "none"
    help = "Run a command in a tenant, as `manage.py tenant run` does."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-s", "--schema", "--schema_name", dest="schema_name")
        parser.add_argument("command_name", metavar="COMMAND")
        parser.add_argument("command_options", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Take the schema's name from where it stands; the rest is the command's."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("-s", "--schema", "--schema_name", dest="schema_name")
        known, rest = parser.parse_known_args(argv[2:])
        if known.schema_name is not None:
            rest = ["--schema", known.schema_name, *rest]
        super().run_from_argv([*argv[:2], *rest])

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        if options["schema_name"] is None:
            fail("Say for which tenant: --schema NAME.", WRONG_USAGE)
        run_in(
            finding.served(named(options["schema_name"])),
            options["command_name"],
            options["command_options"],
            caller=self,
        )


def named(name: str) -> str:
    """Return the slug of the tenant in this schema; else the name, to be found by."""
    with use_control():
        slugs = Tenant.objects.filter(schema_name=name).values_list("slug", flat=True)
        return next(iter(slugs), name)

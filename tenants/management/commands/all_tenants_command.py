"""`manage.py all_tenants_command COMMAND …`: `tenant run` for each served tenant."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from tenants.context import TenantInfo
from tenants.management import finding
from tenants.management.planes import InPlane, for_each
from tenants.management.running import loaded, refuse, run_in


class Command(InPlane):
    """A tenant that fails stops no other; the command ends with 5 then."""

    plane = "none"
    help = "Run a command in each tenant that works as usual."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-public", action="store_true", help="The public schema is left out."
        )
        parser.add_argument("command_name", metavar="COMMAND")
        parser.add_argument("command_options", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        name, rest = options["command_name"], options["command_options"]
        refuse(name, loaded(name))

        def run(tenant: TenantInfo) -> None:
            self.stdout.write(f"Applying command to: {tenant.schema_name}")
            run_in(tenant, name, rest, caller=self)

        for_each(finding.all_served(), run, said=self.stdout.write)

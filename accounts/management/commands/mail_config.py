"""`manage.py mail_config`: which way mail leaves, from whom, and to whom besides."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from accounts.mail import printed
from tenants.carrying.serving import serving
from tenants.management import finding
from tenants.management.planes import InPlane


class Command(InPlane):
    """Prints the resolved configuration; passwords and keys are masked.

    Exit codes: 0 mail can leave or is switched off, 1 it cannot, 2 wrong usage, 3 no
    such tenant, 4 the tenant is stopped.
    """

    plane = "control"
    help = "Print which way mail leaves; secrets are masked."
    # What is wrong with the settings is what somebody wants to read here.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tenant",
            metavar="TENANT",
            help="A slug, uuid or domain; without it, the mail of the platform.",
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )

    def handle(
        self,
        *args: Any,  # noqa: ARG002 - Django's signature
        tenant: str | None,
        as_json: bool,
        **options: Any,  # noqa: ARG002 - as above
    ) -> None:
        try:
            facts = self.facts(tenant)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if as_json:
            self.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False))
        else:
            self.print_facts(facts)
        if facts["problem"]:
            raise CommandError(f"No mail leaves: {facts['problem']}.")

    def facts(self, tenant: str | None) -> dict[str, Any]:
        """Return the configuration of one tenant, or of the platform."""
        if tenant is None:
            return printed.configuration()
        with serving(finding.served(tenant)):
            return printed.configuration()

    def print_facts(self, facts: dict[str, Any]) -> None:
        width = max(map(len, facts))
        for name, value in facts.items():
            text = ", ".join(value) if isinstance(value, list) else value
            if isinstance(value, bool):
                text = "yes" if value else "no"
            self.stdout.write(f"{name.ljust(width)}  {text or '-'}")

"""`manage.py migrate_schemas`: the control plane, then each tenant."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.fleet import migrate_control, migrate_fleet
from tenants.management.ends import PARTLY_DONE
from tenants.management.planes import InPlane


class Command(InPlane):
    plane = "control"
    help = "Bring the control plane and every tenant's schema to the code's tables."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shared", action="store_true", help="the control plane only"
        )

    def handle(self, *args: Any, shared: bool, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        if shared:
            migrate_control()
            self.stdout.write("public: up to date")
            return
        failed = migrate_fleet(said=self.stdout.write)
        if failed:
            names = ", ".join(failed)
            raise CommandError(f"{len(failed)} failed: {names}", returncode=PARTLY_DONE)

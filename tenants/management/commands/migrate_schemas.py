"""`manage.py migrate_schemas`: the control plane, then each tenant."""

from argparse import ArgumentParser
from typing import Any

from tenants import fleet
from tenants.errors import FleetAhead, FleetBusy
from tenants.fleet import migrate_control
from tenants.management.ends import LOCK_HELD, PARTLY_DONE, REFUSED, fail
from tenants.management.migrate_verb import shortfall
from tenants.management.planes import InPlane
from tenants.management.verbs import actor


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
        try:
            report = fleet.run(fleet.Order(), by=actor({}))
        except FleetBusy as error:
            fail(error.detail, LOCK_HELD)
        except FleetAhead as error:
            fail(error.detail, REFUSED)
        self.stdout.write("public: up to date")
        for outcome in report.outcomes.values():
            self.stdout.write(f"{outcome.tenant.slug}: {outcome.words}")
        if not report.is_whole:
            fail(shortfall(report), PARTLY_DONE)

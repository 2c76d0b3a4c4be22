"""`manage.py demo_prepare`: what `make demo` needs before its programs start."""

from typing import Any

from django.core.management.base import CommandError

from leave.demo import seed
from tenants import fleet
from tenants.management.planes import InPlane


class Command(InPlane):
    plane = "control"
    help = "Migrate all schemas and make the demo's tenants, in one process."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        report = fleet.run(fleet.Order(), by="demo")
        for outcome in report.outcomes.values():
            self.stdout.write(f"{outcome.tenant.slug}: {outcome.words}")
        if not report.is_whole:
            failed = ", ".join(one.tenant.slug for one in report.failed)
            raise CommandError(f"The migration failed: {failed or report.stopped}")
        seed(said=self.stdout.write)

"""`manage.py demo_prepare`: what `make demo` needs before its programs start."""

from typing import Any

from django.core.management.base import CommandError

from leave.demo import seed
from tenants.fleet import migrate_fleet
from tenants.management.planes import InPlane


class Command(InPlane):
    plane = "control"
    help = "Migrate all schemas and make the demo's tenants, in one process."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        failed = migrate_fleet(said=self.stdout.write)
        if failed:
            raise CommandError(f"The migration failed: {', '.join(failed)}")
        seed(said=self.stdout.write)

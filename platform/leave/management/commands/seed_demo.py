"""`manage.py seed_demo`: the demo's tenants and people, in development only."""

from typing import Any

from leave.demo import seed
from tenants.management.planes import InPlane


class Command(InPlane):
    plane = "control"
    help = "Make the tenants acme and globex with people and leave requests."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        seed(said=self.stdout.write)

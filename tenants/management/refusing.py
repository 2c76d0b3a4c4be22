"""Commands of django-tenants that would go around the states and roles of a tenant."""

import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.management.base import BaseCommand

from tenants.management.ends import REFUSED, Refused, fail
from tenants.management.planes import Plane


class Instead(BaseCommand):
    """Refuses, whatever the arguments, and names a command of ours."""

    plane: ClassVar[Plane] = "none"
    #: What upstream's command would do; a whole sentence.
    why: ClassVar[str]
    instead: ClassVar[str]
    help = "Refused; another command does it."
    requires_system_checks: list[str] = []

    def line(self) -> str:
        return f"{self.why} Use: {self.instead}"

    def run_from_argv(self, argv: Sequence[str]) -> None:  # noqa: ARG002 - not even read
        """Write the line and end with 4."""
        self.stderr.write(f"{Refused.__name__}: {self.line()}")
        sys.exit(REFUSED)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        fail(self.line(), REFUSED)

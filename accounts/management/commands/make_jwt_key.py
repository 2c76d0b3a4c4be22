"""Make the pair of keys that signs access tokens."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import keys
from tenants.management.planes import InPlane


class Command(InPlane):
    """Writes the pair into JWT_KEY_DIR; refuses to overwrite one."""

    plane = "none"
    help = "Make the pair of keys that signs access tokens."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--algorithm", choices=keys.ALGORITHMS, default="RS256")
        parser.add_argument(
            "--rotate",
            action="store_true",
            help="replace the pair; tokens of the old one stay valid until they expire",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        try:
            kid = keys.make(options["algorithm"], rotate=options["rotate"])
        except keys.KeyExists:
            raise CommandError(
                f"{keys.private_path()} exists. Use --rotate to replace it."
            ) from None
        self.stdout.write(f"Key {kid} is in {keys.folder()}")

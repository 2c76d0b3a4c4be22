"""Make the pair of keys that signs access tokens."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from accounts import keys
from tenants.management.ends import WRONG_USAGE, fail
from tenants.management.planes import InPlane


class Command(InPlane):
    """Writes the pair into JWT_KEY_DIR; refuses to overwrite one.

    Exit codes: 0 done, 1 not done and nothing changed, 2 wrong usage.
    """

    plane = "none"
    help = "Make the pair of keys that signs access tokens."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--algorithm",
            choices=keys.ALGORITHMS,
            default=keys.ALGORITHMS[0],
            help="the one of NINJA_SIMPLE_JWT['JWT_ALGORITHM']",
        )
        parser.add_argument(
            "--rotate",
            action="store_true",
            help="replace the pair; tokens of the old one stay valid until they expire",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        algorithm = options["algorithm"]
        wanted = keys.algorithm_of_library()
        if algorithm != wanted:
            fail(
                f"A key for {algorithm} could not be used:"
                f" NINJA_SIMPLE_JWT['JWT_ALGORITHM'] is {wanted}.",
                WRONG_USAGE,
            )
        try:
            kid = keys.make(algorithm, rotate=options["rotate"])
        except keys.KeyExists:
            raise CommandError(
                f"{keys.private_path()} exists. Use --rotate to replace it."
            ) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        except ValueError:
            raise CommandError(
                f"{keys.private_path()} cannot be read as a key; move it away."
            ) from None
        except OSError as error:
            where = error.filename or keys.folder()
            raise CommandError(f"{where}: {error.strerror or error}.") from None
        self.stdout.write(f"Key {kid} is in {keys.folder()}")
        if any(keys.from_settings()):
            self.stderr.write(
                "It signs nothing while JWT_PRIVATE_KEY and JWT_PUBLIC_KEY are set."
            )

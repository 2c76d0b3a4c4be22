"""`manage.py`: Django's command line, where a command without a tenant says so."""

import shlex
import sys
from collections.abc import Sequence
from typing import Any, Final

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand

from kernel.env import BadVariable
from tenants.context import NoTenantError
from tenants.management.ends import (
    NO_DATABASE,
    REFUSED,
    WRONG_USAGE,
    Refused,
    fail,
    is_away,
)

#: What shells make of SIGINT: 128 and its number.
INTERRUPTED: Final = 130


class Utility(ManagementUtility):
    """Turns "no tenant" into one line that says how to name one.

    No database is one line as well, also from commands that are not ours.
    """

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command, which then ends with the line and a code of `ends`."""
        command = super().fetch_command(subcommand)
        execute = command.execute

        def hinted(*args: Any, **options: Any) -> Any:
            try:
                return execute(*args, **options)
            except Exception as error:
                if is_away(error):
                    fail(NO_DATABASE, 1)
                if hasattr(command, "plane") or not is_for_nobody(error):
                    raise
                raise ending(subcommand, self.argv[2:]) from error

        command.execute = hinted  # type: ignore[method-assign]
        return command


def is_for_nobody(error: BaseException | None) -> bool:
    """Tell whether no tenant was what stood behind an error."""
    while error is not None and not isinstance(error, NoTenantError):
        error = error.__cause__ or error.__context__
    return error is not None


def ending(name: str, arguments: Sequence[str]) -> Refused:
    """Return how a command ends that has no tenant: how it is run, or why it is not."""
    from tenants.management.running import REFUSED_COMMANDS

    if name in REFUSED_COMMANDS:
        why = f"{name} is refused: {REFUSED_COMMANDS[name]}."
        return Refused(why, returncode=REFUSED)
    words = shlex.join([name, *arguments])
    how = f"No tenant is named. Use: manage.py tenant run SLUG -- {words}"
    if name == "shell":
        how += "\nOr enter one in the code; --traceback shows where there was none."
    return Refused(how, returncode=WRONG_USAGE)


def execute(argv: Sequence[str]) -> None:
    """Run what the command line says; a wrong variable is one line and exit code 1.

    Ctrl-C ends it as a shell expects, without a traceback.
    """
    try:
        Utility(list(argv)).execute()
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(INTERRUPTED)
    except BadVariable as error:
        sys.exit(f"{BadVariable.__name__}: {error}")

"""How a command ends that did not do its work: one line, and a code for scripts."""

from typing import Final, NoReturn

from django.core.management.base import CommandError

WRONG_USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
PARTLY_DONE: Final = 5
CHECK_FAILED: Final = 6


class Refused(CommandError):
    """What stands before the line on stderr."""


def fail(line: str, returncode: int) -> NoReturn:
    raise Refused(line, returncode=returncode)

"""How a command ends that did not do its work: one line, and a code for scripts."""

from typing import Final, NoReturn

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from kernel.translation import sqlstate

WRONG_USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
PARTLY_DONE: Final = 5
CHECK_FAILED: Final = 6
LOCK_HELD: Final = 7
NO_DATABASE: Final = (
    "No database answers: start the demo with `make demo`, or set DATABASE_URL."
)
#: What PostgreSQL says that goes away or is not there yet; a code of another kind
#: is an answer, such as that a lock was not to be had.
GOES_AWAY: Final = ("08", "57P")


class Refused(CommandError):
    """What stands before the line on stderr."""


class Unexpected(CommandError):
    """The same where nobody thought of what happened."""


def fail(line: str, returncode: int) -> NoReturn:
    raise Refused(line, returncode=returncode)


def is_away(error: Exception) -> bool:
    """Tell whether an error means that no database answers."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return (sqlstate(error) or GOES_AWAY[0]).startswith(GOES_AWAY)

"""What Django and the database raise, in the words of `kernel.errors`."""

from django.core.exceptions import (
    BadRequest as DjangoBadRequest,
)
from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from kernel.errors import (
    ApplicationError,
    BadRequest,
    DatabaseAway,
    Forbidden,
    NotFound,
    QueryTimeout,
    TooLarge,
    WrongMethod,
)

#: In this order: the first kind that fits counts.
KINDS: tuple[tuple[tuple[type[Exception], ...], type[ApplicationError]], ...] = (
    ((RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent), TooLarge),
    ((SuspiciousOperation, DjangoBadRequest), BadRequest),
    ((UnreadablePostError, MultiPartParserError), BadRequest),
    # A value that no column can hold: nothing was written.
    ((DataError,), BadRequest),
    ((OperationalError, InterfaceError), DatabaseAway),
)
#: PostgreSQL's codes for a statement that took too long, or waited too long, and for a
#: transaction that rested too long.
GAVE_UP = frozenset({"57014", "55P03", "25P03"})
#: The class of PostgreSQL's codes for a value that is no good.
BAD_VALUE = "22"
RETRY_AFTER_SECONDS = "5"
STATUSES = {kind.status: kind for kind in (Forbidden, NotFound, WrongMethod, TooLarge)}


def translated(exception: Exception) -> ApplicationError | None:
    """Return the error that an exception stands for, or None for a fault of ours."""
    if isinstance(exception, ApplicationError):
        return exception
    if sqlstate(exception) in GAVE_UP:
        return QueryTimeout(headers={"Retry-After": RETRY_AFTER_SECONDS})
    for kinds, error in KINDS:
        if isinstance(exception, kinds):
            away = error is DatabaseAway
            return error(headers={"Retry-After": RETRY_AFTER_SECONDS} if away else None)
    return None


def sqlstate(problem: Exception) -> str | None:
    """Return PostgreSQL's code of what Django's database error was raised from."""
    return getattr(problem.__cause__, "sqlstate", None)


def told(problem: Exception) -> str:
    """Return the words of an error on one line, without the values of a row.

    PostgreSQL's DETAIL and CONTEXT quote rows, and where a value is itself the fault
    its first line does too: then the kind of the error has to do.
    """
    cause = problem.__cause__
    code = sqlstate(problem)
    if code is None or cause is None:
        return " ".join(str(problem).replace("\x00", "").split())
    if code.startswith(BAD_VALUE):
        return f"{type(cause).__name__} ({code})"
    first = getattr(getattr(cause, "diag", None), "message_primary", None)
    return " ".join((first or f"{type(cause).__name__} ({code})").split())


def error_of(status: int) -> ApplicationError:
    """Return the error of a bare status, as a framework answers it."""
    known = STATUSES.get(status)
    if known is not None:
        return known()
    error = BadRequest() if status < ApplicationError.status else ApplicationError()
    error.status = status
    return error

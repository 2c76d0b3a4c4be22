"""The errors a caller can meet, by kind.

    ApplicationError
    ├── BadRequest       400  cannot be read
    ├── Unauthenticated  401  who are you?
    ├── PaymentRequired  402  nothing is written before it is paid
    ├── Forbidden        403  known, and may not
    ├── NotFound         404  missing, or somebody else's: they look the same
    ├── WrongMethod      405  this address does not take this verb
    ├── Conflict         409  the state does not allow it
    ├── Gone             410  was here, is no more
    ├── TooLarge         413  more than is read
    ├── Invalid          422  understood, and refused by a rule
    ├── Locked           423  stopped by an operator
    ├── TooMany          429  slow down
    └── Unavailable      503  come back later
        └── DatabaseAway      nothing was changed, or all of it

A class's docstring is its message, `code` its word for programs; a code never changes.
"""

import inspect
from collections.abc import Mapping
from typing import Any


class ApplicationError(Exception):
    """The request could not be carried out."""

    status: int = 500
    code: str = "error"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or default_detail(type(self))
        self.code = code or type(self).code
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        super().__init__(self.detail)


def default_detail(kind: type[ApplicationError]) -> str:
    """Return the first line of the docstring."""
    return (inspect.getdoc(kind) or "").partition("\n")[0]


class BadRequest(ApplicationError):
    """The request cannot be read."""

    status = 400
    code = "bad_request"


class Unauthenticated(ApplicationError):
    """Sign in first."""

    status = 401
    code = "unauthenticated"


class PaymentRequired(ApplicationError):
    """A payment is open, so nothing can be changed."""

    status = 402
    code = "payment_required"


class Forbidden(ApplicationError):
    """You may not do this."""

    status = 403
    code = "forbidden"


class NotFound(ApplicationError):
    """There is nothing here."""

    status = 404
    code = "not_found"


class WrongMethod(ApplicationError):
    """This address does not take this method."""

    status = 405
    code = "method_not_allowed"


class Conflict(ApplicationError):
    """The present state does not allow this."""

    status = 409
    code = "conflict"


class Gone(ApplicationError):
    """This is no longer here."""

    status = 410
    code = "gone"


class TooLarge(ApplicationError):
    """This is larger than what is accepted here."""

    status = 413
    code = "too_large"


class Invalid(ApplicationError):
    """This was understood and cannot be accepted."""

    status = 422
    code = "invalid"


class Locked(ApplicationError):
    """This is stopped for the time being."""

    status = 423
    code = "locked"


class TooMany(ApplicationError):
    """Too many requests; try again later."""

    status = 429
    code = "too_many_requests"


class Unavailable(ApplicationError):
    """This is not available just now; try again later."""

    status = 503
    code = "unavailable"


class DatabaseAway(Unavailable):
    """The data cannot be reached just now; try again in a moment."""

    code = "database_unavailable"


class QueryTimeout(Unavailable):
    """This took too long and was given up. Try again, or ask for less."""

    code = "query_timeout"

"""The errors that a caller of the leave app can meet.

    ApplicationError (kernel)
    ├── Forbidden 403
    │   └── OwnLeave            leave.own_request
    ├── NotFound 404
    │   └── LeaveNotFound       leave.not_found
    ├── Conflict 409
    │   ├── LeaveNotYours       leave.not_correctable
    │   └── LeaveMovedOn        leave.moved_on
    └── Invalid 422
        └── LeaveRefused        names the field it is about
            ├── EndsBeforeStart leave.ends_before_start
            ├── TooLong         leave.too_long
            ├── TooFarBack      leave.too_far_back
            ├── TooFarAhead     leave.too_far_ahead
            ├── KindUnknown     leave.kind_unknown
            └── ReasonTooLong   leave.reason_too_long

Text that cannot be stored is refused by the kernel: Invalid 422, invalid_text.
"""

from kernel.errors import Conflict, Forbidden, Invalid, NotFound


class OwnLeave(Forbidden):
    """Nobody decides on their own leave; somebody else has to."""

    code = "leave.own_request"


class LeaveNotFound(NotFound):
    """There is no such leave request."""

    code = "leave.not_found"


class LeaveNotYours(Conflict):
    """This request does not wait for you, so it cannot be changed now."""

    code = "leave.not_correctable"


class LeaveMovedOn(Conflict):
    """This leave request has moved on meanwhile; look at it again."""

    code = "leave.moved_on"


class LeaveRefused(Invalid):
    """The leave request cannot be accepted like this."""

    field = ""

    def __init__(self) -> None:
        super().__init__()
        self.extra = {"errors": [{"field": self.field, "message": self.detail}]}


class EndsBeforeStart(LeaveRefused):
    """The last day lies before the first day; choose the same day or a later one."""

    code = "leave.ends_before_start"
    field = "end_date"


class TooLong(LeaveRefused):
    """One request covers at most 366 days; ask for the rest in another one."""

    code = "leave.too_long"
    field = "end_date"


class TooFarBack(LeaveRefused):
    """The first day may lie at most 31 days in the past; tell HR about older leave."""

    code = "leave.too_far_back"
    field = "start_date"


class TooFarAhead(LeaveRefused):
    """The first day may lie at most two years ahead; ask again nearer the time."""

    code = "leave.too_far_ahead"
    field = "start_date"


class KindUnknown(LeaveRefused):
    """Choose one of the kinds: holiday, sick, unpaid or other."""

    code = "leave.kind_unknown"
    field = "kind"


class ReasonTooLong(LeaveRefused):
    """The reason has room for 1,000 characters; shorten it."""

    code = "leave.reason_too_long"
    field = "reason"

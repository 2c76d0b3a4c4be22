"""Ask for leave, correct what was refused, send it again or withdraw it.

    request = ask_for_leave(kind="holiday", start=..., end=..., reason="", by=alice)
    correct(request, kind="holiday", start=..., end=..., reason="", by=alice)
    send(request, by=alice)
    withdraw(request, by=alice)

Each raises LeaveRefused or LeaveNotYours and changes nothing then.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import User
from kernel import clock
from kernel.text import require_storable
from leave.errors import (
    EndsBeforeStart,
    KindUnknown,
    LeaveNotYours,
    ReasonTooLong,
    TooFarAhead,
    TooFarBack,
    TooLong,
)
from leave.models import LONGEST_REASON, LeaveRequest
from leave.processes import CODE, CORRECT, REQUEST, RESUBMIT, WITHDRAW
from tenants.context import current_tenant
from workflow.documents import content_type_id
from workflow.engine import finish_work_item
from workflow.models import ProcessInstance, WorkItem

FURTHEST_BACK = timedelta(days=31)
FURTHEST_AHEAD = timedelta(days=731)
LONGEST = timedelta(days=366)


def ask_for_leave(
    *, kind: str, start: date, end: date, reason: str = "", by: User
) -> LeaveRequest:
    """Make a request and send it to whoever decides. Raises LeaveRefused."""
    request = draft_leave(kind=kind, start=start, end=end, reason=reason, by=by)
    send(request, by=by)
    return request


@transaction.atomic
def draft_leave(
    *, kind: str, start: date, end: date, reason: str = "", by: User
) -> LeaveRequest:
    """Make a request that only the requester sees until it is sent.

    Its process is started: the first work item waits for the requester.
    """
    reason = check(kind=kind, start=start, end=end, reason=reason)
    request = LeaveRequest.objects.create(
        requester=by, kind=kind, start_date=start, end_date=end, reason=reason
    )
    ProcessInstance.objects.start(CODE, by, request, title=str(request))
    return request


def correct(
    request: LeaveRequest, *, kind: str, start: date, end: date, reason: str, by: User
) -> None:
    """Change a request that waits for its requester. Raises LeaveNotYours."""
    reason = check(kind=kind, start=start, end=end, reason=reason)
    with transaction.atomic():
        # Under this lock no step can send the request on: its hook updates the row.
        locked = LeaveRequest.objects.select_for_update().get(pk=request.pk)
        item_held_by(by, locked)
        if locked.status not in LeaveRequest.CHANGEABLE:
            raise LeaveNotYours
        request.kind = kind
        request.start_date, request.end_date = start, end
        request.reason = reason
        request.save(update_fields=["kind", "start_date", "end_date", "reason"])


def send(request: LeaveRequest, *, by: User) -> None:
    """Send a draft, or a corrected request again. Raises LeaveNotYours."""
    answer(request, RESUBMIT, by=by)


def withdraw(request: LeaveRequest, *, by: User) -> None:
    """Take back a refused request for good. Raises LeaveNotYours."""
    if request.status == LeaveRequest.Status.DRAFT:
        raise LeaveNotYours("A draft was not sent, so there is nothing to withdraw.")
    answer(request, WITHDRAW, by=by)


def answer(request: LeaveRequest, outcome: str, *, by: User) -> None:
    finish_work_item(item_held_by(by, request), outcome=outcome, by=by)
    request.refresh_from_db()


def item_held_by(person: User, request: LeaveRequest) -> WorkItem:
    """Return the work item at which the requester may change the request."""
    item = (
        WorkItem.objects.held_by(person)
        .filter(
            instance__content_type_id=content_type_id(LeaveRequest),
            instance__object_id=str(request.pk),
            activity__key__in=(REQUEST, CORRECT),
        )
        .order_by("-id")
        .first()
    )
    if item is None or request.requester_id != person.pk:
        raise LeaveNotYours
    return item


def may_change(person: User, request: LeaveRequest) -> bool:
    """Tell whether the request waits for this person to send, correct or withdraw."""
    try:
        item_held_by(person, request)
    except LeaveNotYours:
        return False
    return request.status in LeaveRequest.CHANGEABLE


def check(*, kind: str, start: date, end: date, reason: str) -> str:
    """Return the reason as it is stored. Raises LeaveRefused, and Invalid for NUL."""
    require_storable(kind=kind, reason=reason)
    reason = reason.strip()
    if kind not in LeaveRequest.Kind.values:
        raise KindUnknown
    if len(reason) > LONGEST_REASON:
        raise ReasonTooLong
    check_days(start, end, today=today())
    return reason


def check_days(start: date, end: date, *, today: date) -> None:
    """Raise the LeaveRefused that fits, or return."""
    if end < start:
        raise EndsBeforeStart
    if today - start > FURTHEST_BACK:
        raise TooFarBack
    if start - today > FURTHEST_AHEAD:
        raise TooFarAhead
    if end - start >= LONGEST:
        raise TooLong


def today() -> date:
    """Return the date of now in the tenant's time zone."""
    return clock.now().astimezone(ZoneInfo(current_tenant().timezone)).date()

"""The routes of leave requests, under /api/protected/leave."""

from typing import Annotated

from ninja import Query, Router, Status

from accounts.authentication import TenantAuth
from leave import requests
from leave.errors import LeaveNotFound
from leave.models import LeaveRequest
from leave.schemas import LeaveRequestIn, LeaveRequestOut, LeaveRequestPatch
from leave.signed_in import SignedInRequest

router = Router(auth=TenantAuth(read="processes:read", write="instances:write"))

Limit = Annotated[int, Query(ge=1, le=500)]
Before = Annotated[int | None, Query(ge=1)]


@router.get("/requests", response=list[LeaveRequestOut], summary="My leave requests")
def mine(
    request: SignedInRequest, limit: Limit = 100, before: Before = None
) -> list[LeaveRequest]:
    """List what the caller asked for, the latest first.

    `before` is the last id of the page before.
    """
    rows = LeaveRequest.objects.of(request.user).select_related("requester")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])


@router.post("/requests", response={201: LeaveRequestOut}, summary="Ask for leave")
def ask(request: SignedInRequest, body: LeaveRequestIn) -> Status[LeaveRequest]:
    """Make a request and send it to whoever decides."""
    made = requests.ask_for_leave(
        kind=body.kind,
        start=body.start_date,
        end=body.end_date,
        reason=body.reason,
        by=request.user,
    )
    return Status(201, made)


@router.get(
    "/requests/{int:leave_id}", response=LeaveRequestOut, summary="A leave request"
)
def show(request: SignedInRequest, leave_id: int) -> LeaveRequest:
    """Return one's own request, or one that the caller has work on."""
    return visible(request, leave_id)


@router.patch(
    "/requests/{int:leave_id}", response=LeaveRequestOut, summary="Correct a request"
)
def correct(
    request: SignedInRequest, leave_id: int, body: LeaveRequestPatch
) -> LeaveRequest:
    """Change a request that was refused or not sent yet; `send` sends it."""
    row = visible(request, leave_id)
    requests.correct(
        row,
        kind=row.kind if body.kind is None else body.kind,
        start=body.start_date or row.start_date,
        end=body.end_date or row.end_date,
        reason=row.reason if body.reason is None else body.reason,
        by=request.user,
    )
    return row


@router.post(
    "/requests/{int:leave_id}/send", response=LeaveRequestOut, summary="Send it again"
)
def send(request: SignedInRequest, leave_id: int) -> LeaveRequest:
    """Send a draft, or a corrected request."""
    row = visible(request, leave_id)
    requests.send(row, by=request.user)
    return row


@router.post(
    "/requests/{int:leave_id}/withdraw", response=LeaveRequestOut, summary="Withdraw it"
)
def withdraw(request: SignedInRequest, leave_id: int) -> LeaveRequest:
    """Take back a refused request for good."""
    row = visible(request, leave_id)
    requests.withdraw(row, by=request.user)
    return row


def visible(request: SignedInRequest, leave_id: int) -> LeaveRequest:
    """Return a request that the caller may see. Raises LeaveNotFound."""
    rows = LeaveRequest.objects.visible_to(request.user).select_related("requester")
    row = rows.filter(pk=leave_id).first()
    if row is None:
        raise LeaveNotFound
    return row

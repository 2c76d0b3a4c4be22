"""What the process `leave` calls by name; found at start-up."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as __

from accounts.models import User
from leave.deciders import decider_of
from leave.errors import OwnLeave
from leave.models import LeaveRequest
from leave.notices import tell_requester
from leave.processes import CODE
from workflow.handlers import (
    auto_application,
    hook,
    precondition,
    push_application,
)
from workflow.models import WorkItem
from workflow.starts import start_page

Status = LeaveRequest.Status


def form_address() -> str:
    """Return the path of the page at which people ask for leave."""
    return reverse("leave:new")


start_page(CODE, label=__("Ask for leave"), url=form_address)


@push_application("leave.to_manager")
def to_manager(workitem: WorkItem) -> User | None:
    """Give the request to a manager; to HR where the only manager asks."""
    return decider_of(leave_of(workitem))


@precondition("leave.by_another")
def by_another(request: LeaveRequest, workitem: WorkItem) -> bool:
    """Nobody decides on their own leave. Raises OwnLeave, the answer to who tries."""
    if workitem.user_id == request.requester_id:
        raise OwnLeave
    return True


@hook("leave.sent")
def sent(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - every hook gets it
    """Note that the request is on its way; only a draft or a refused one can be sent.

    Anybody may start a second run about their own request, and not get past this.
    """
    leave_of(workitem).move(Status.WAITING, line(workitem, "sent"))


@hook("leave.late")
def late(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - as above
    leave_of(workitem).note("not answered in time: passed to HR")


@hook("leave.approved")
def approved(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - as above
    leave_of(workitem).move(Status.APPROVED, line(workitem, "approved"))


@hook("leave.refused")
def refused(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - as above
    """Note the refusal and tell the requester at once, in the same step."""
    request = leave_of(workitem)
    request.move(Status.REFUSED, line(workitem, "refused"))
    tell_requester("leave/refused", request, workitem)


@hook("leave.filed")
def filed(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - as above
    leave_of(workitem).move(Status.FILED, line(workitem, "filed"))


@hook("leave.withdrawn")
def withdrawn(workitem: WorkItem, transition: Any) -> None:  # noqa: ARG001 - as above
    leave_of(workitem).move(Status.WITHDRAWN, line(workitem, "withdrawn"))


@auto_application("leave.tell")
def tell(workitem: WorkItem) -> None:
    """Tell the requester that the days are filed; a second run sends nothing."""
    tell_requester("leave/filed", leave_of(workitem), workitem)


def leave_of(workitem: WorkItem) -> LeaveRequest:
    """Return the request that the work is about."""
    request = workitem.wfobject()
    if not isinstance(request, LeaveRequest):
        raise TypeError(f"The process leave is about leave requests, not {request!r}.")
    return request


def line(workitem: WorkItem, verb: str) -> str:
    return f"{workitem.user or 'the platform'}: {verb}"

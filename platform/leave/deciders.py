"""Who decides on a leave request: a manager, never the one who asks; else HR."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from leave.models import LeaveRequest
from leave.processes import HR, MANAGERS
from workflow.models import WorkItem


def decider_of(request: LeaveRequest) -> User | None:
    """Return the manager with the least to do, else somebody of HR, else nobody."""
    return least_busy(MANAGERS, request) or least_busy(HR, request)


def least_busy(group: str, request: LeaveRequest) -> User | None:
    """Return the member with the fewest open work items; ties by age of account."""
    held = (
        WorkItem.objects.open()
        .filter(user=OuterRef("pk"))
        .order_by()
        .values("user")
        .annotate(number=Count("pk"))
        .values("number")
    )
    others = members(group).exclude(pk=request.requester_id)
    return others.order_by(Coalesce(Subquery(held), 0), "pk").first()


def members(group: str) -> QuerySet[User]:
    """Return the people of a group who may sign in."""
    rows: QuerySet[User] = User.objects.active().people().order_by("pk")
    return rows.filter(groups__name=group)

"""The seed's ways to find work items, behind its names on model and manager.

None of them changes a state: looking is not taking.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from kernel import numbers
from kernel.errors import Conflict, Forbidden
from workflow import graph, handing, tenancy
from workflow.errors import (
    NotCandidate,
    ProcessDisabled,
    WorkItemClosed,
    WorkItemHeld,
    WorkItemNotFound,
    WorkItemState,
)
from workflow.models import WorkItem
from workflow.models.work_item import OPEN, is_offered_to
from workflow.moves import CLOSED

LEFT_OUT: Final = ("blocked", "suspended", "fallout", "complete")
#: Left out unless they are asked for by name.
OVER: Final = frozenset({"cancelled", "expired"})


def get_safe(
    item_id: int,
    *,
    user: Any = None,
    enabled_only: bool = False,
    status: Iterable[str] = OPEN,
) -> WorkItem:
    """Return a work item in one of the states, and of a person where one is given.

    Raises WorkItemNotFound, WorkItemClosed, WorkItemState, ProcessDisabled,
    WorkItemHeld and NotCandidate.
    """
    fits = -numbers.LARGEST_ID <= item_id <= numbers.LARGEST_ID
    rows = tenancy.filtered(WorkItem.objects.filter(pk=item_id), user=user)
    rows = rows.select_related("instance__process", "activity", "user")
    item: WorkItem | None = rows.order_by().first() if fits else None
    if item is None:
        raise WorkItemNotFound
    if item.status not in set(status):
        raise WorkItemClosed if item.status in CLOSED else WorkItemState
    if enabled_only and not item.instance.process.enabled:
        raise ProcessDisabled
    if user is not None:
        require_user(item, user)
    return item


def require_user(item: WorkItem, user: Any) -> None:
    """Raise WorkItemHeld or NotCandidate where this is not the person's to do."""
    if item.user_id == user.pk:
        return
    if item.user_id is not None:
        raise WorkItemHeld
    node = graph.of(item.instance.process).node_of(item.activity_id)
    if not handing.may_do(user, node):
        raise NotCandidate


def check_user(item: WorkItem, user: Any) -> bool:
    """Say whether a person holds a work item, or may take it."""
    try:
        require_user(item, user)
    except (Conflict, Forbidden):
        return False
    return bool(user.is_active)


def set_user(item: WorkItem, user: Any, *, commit: bool = True) -> bool:
    """Let a person hold a work item; False, and nothing is changed, where they may not.

    Without `commit` only the object says so.
    """
    if not check_user(item, user):
        return False
    if not commit:
        item.user = user
        return True
    try:
        handing.claim_work_item(item, by=user)
    except (Conflict, Forbidden):
        return False
    return True


def list_safe(
    *,
    user: Any = None,
    username: str | None = None,
    queryset: "QuerySet[WorkItem]",
    activity: Any = None,
    status: str | Iterable[str] | None = None,
    notstatus: str | Iterable[str] = LEFT_OUT,
    noauto: bool = True,
) -> "QuerySet[WorkItem]":
    """Return work items: all that may be seen, or what a person holds or may take.

    `status` says which states, and otherwise `notstatus` which not; what was cancelled
    or has expired is there only where `status` asks for it. `noauto` leaves out what
    the engine does itself. `activity` is a row, or a title.
    """
    if username is not None:
        people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
        user = people.filter(username=username).first()
        if user is None:
            return WorkItem.objects.none()
    rows = tenancy.filtered(queryset, user=user)
    if user is not None:
        rows = rows.filter(Q(user=user) | is_offered_to(user))
    if status:
        rows = rows.filter(status__in=words(status))
    else:
        rows = rows.exclude(status__in=words(notstatus) | OVER)
    if activity is not None:
        by_title = {"activity__title": activity} if isinstance(activity, str) else None
        rows = rows.filter(**(by_title or {"activity": activity}))
    if noauto:
        rows = rows.filter(activity__kind="standard", activity__autostart=False)
    return rows


def words(given: str | Iterable[str]) -> frozenset[str]:
    """Return states, given as one word or several."""
    return frozenset({given} if isinstance(given, str) else given)

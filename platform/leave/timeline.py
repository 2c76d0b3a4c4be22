"""What has happened with a leave request, in the words of those who wait for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as __

from leave.models import LeaveRequest
from leave.processes import (
    APPROVE,
    APPROVED,
    CORRECT,
    DECIDE,
    FILE,
    REJECTED,
    REQUEST,
    RESUBMIT,
    TELL,
    WITHDRAW,
)
from leave.standing import items_of
from workflow.models import AuditEvent, WorkItem

CLOSED: Final = (WorkItem.Status.COMPLETE, WorkItem.Status.EXPIRED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `partials/timeline.html`."""

    at: datetime
    title: str
    icon: str = "circle-dot"
    tone: str = ""
    text: str = ""


#: Activity and outcome to words, icon and tone; an empty outcome fits every other.
WORDS: Final = {
    (REQUEST, ""): (__("%s asked for leave"), "send", "info"),
    (CORRECT, RESUBMIT): (__("%s sent it again"), "send", "info"),
    (CORRECT, WITHDRAW): (__("%s withdrew it"), "undo-2", ""),
    (APPROVE, APPROVED): (__("%s approved"), "check", "good"),
    (APPROVE, REJECTED): (__("%s refused"), "x", "bad"),
    (DECIDE, APPROVED): (__("%s approved in the manager's place"), "check", "good"),
    (DECIDE, REJECTED): (__("%s refused in the manager's place"), "x", "bad"),
    (FILE, ""): (__("%s filed it"), "file-check", "good"),
}


def timeline(request: LeaveRequest) -> list[Entry]:
    """Return what has happened, the oldest first."""
    entries = []
    closed = list(items_of(request).filter(status__in=CLOSED).order_by("id"))
    said = comments(closed)
    for item in closed:
        entry = entry_of(item, request, said.get(item.pk, ""))
        if entry is not None:
            entries.append(entry)
    return sorted(entries, key=lambda entry: entry.at) or [draft(request)]


def draft(request: LeaveRequest) -> Entry:
    words = _("%s made a draft") % request.requester
    return Entry(request.created_at, words, "pencil")


def comments(items: list[WorkItem]) -> dict[int, str]:
    """Return what people wrote when they finished these work items."""
    events = AuditEvent.objects.filter(
        action="workitem.completed", workitem_id__in=[item.pk for item in items]
    )
    return {
        number: str(metadata.get("comment") or "")
        for number, metadata in events.values_list("workitem_id", "metadata")
        if number is not None
    }


def entry_of(item: WorkItem, request: LeaveRequest, comment: str) -> Entry | None:
    """Return the words for a finished work item; None for what nobody asks about."""
    key = item.activity.key
    at = item.completed_at or item.date
    if item.status == WorkItem.Status.EXPIRED:
        return Entry(at, _("No answer in time: passed to HR"), "clock", "warn")
    if key == TELL:
        return Entry(at, _("%s was told by mail") % request.requester, "mail")
    found = WORDS.get((key, item.condition or "")) or WORDS.get((key, ""))
    if found is None:
        return None
    words, icon, tone = found
    return Entry(at, words % (item.user or _("Somebody")), icon, tone, comment)

"""What waits for a person, as lists for pages and as a number for the sidebar."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, QuerySet, Value, When
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from workflow import steps, tenancy
from workflow.models import ProcessInstance, WorkItem

#: The number in the sidebar stops counting here.
MOST_COUNTED = 999
URGENT = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, as `partials/list_row.html` shows it."""

    url: str
    title: str
    meta: list[str]
    initials: str
    at: datetime
    state: str = ""
    state_label: str = ""
    due: str = ""
    due_tone: str = ""


def open_count(user: Any) -> int:
    """Return how many open work items a person holds or may take, in one statement."""
    mine: QuerySet[WorkItem] = _mine(user)
    return mine.values("pk")[:MOST_COUNTED].count()


def mine(user: Any, *, held: bool | None = None) -> "QuerySet[WorkItem]":
    """Return the open work of a person, urgent and old first.

    `held` narrows it to what they hold, or to what they may take.
    """
    rows = _mine(user)
    if held is True:
        rows = rows.filter(user=user)
    if held is False:
        rows = rows.filter(user=None)
    return listed(rows)


def others(user: Any) -> "QuerySet[WorkItem]":
    """Return all unfinished work of the tenant; what needs help comes first."""
    live = WorkItem.objects.visible_to(user).filter(
        status__in=("fallout", "blocked", "inactive", "active", "suspended")
    )
    broken_first = Case(When(status="fallout", then=Value(0)), default=Value(1))
    ordered = steps.with_all(live).order_by(broken_first, "-priority", "id")
    return ordered.prefetch_related("timers")


def listed(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items with what a list shows of them."""
    ordered = steps.with_all(rows).order_by("-priority", "id")
    return ordered.prefetch_related("timers")


def _mine(user: Any) -> Any:
    rows = tenancy.filtered(WorkItem.objects.all(), user=user)
    return rows.takeable_by(user)  # type: ignore[attr-defined]


def row(item: WorkItem, *, reader: Any) -> Row:
    """Return the line of a work item, as one person reads it."""
    instance = item.instance
    due, tone = due_words(item.due_at)
    is_own = instance.user_id == reader.pk
    # What somebody reads about their own request names nobody twice.
    asker = _("you") if is_own else instance.user.display_name
    meta = [f"{process_words(instance)} · {item.activity.title}"]
    meta.append(_("asked by %(name)s") % {"name": asker})
    if item.priority >= URGENT:
        meta.append(_("urgent"))
    if item.user is not None and item.user_id != reader.pk:
        meta.append(_("with %(name)s") % {"name": item.user.display_name})
    return Row(
        url=reverse("workflow:work-item", args=[item.pk]),
        title=instance.title,
        meta=meta,
        initials=instance.user.initials,
        at=item.available_at or item.created_at,
        state="offered" if item.user_id is None and item.is_open else item.status,
        state_label=state_words(item),
        due=due,
        due_tone=tone,
    )


def state_words(item: WorkItem) -> str:
    """Return what the badge of a work item says."""
    if item.status == WorkItem.Status.INACTIVE and item.user_id is None:
        return _("Open to take")
    return str(item.get_status_display()).capitalize()


def request_row(instance: ProcessInstance, standing: list[str]) -> Row:
    """Return the line of a request, with where it stands."""
    return Row(
        url=reverse("workflow:instance", args=[instance.pk]),
        title=instance.title,
        meta=[process_words(instance), *standing],
        initials="",
        at=instance.closed_at or instance.creationTime,
        state=instance.status,
        state_label=str(instance.get_status_display()).capitalize(),
    )


def process_words(instance: ProcessInstance) -> str:
    """Return the process as a heading says it: with a capital, also of a code."""
    return capfirst(instance.process.title)


def due_words(due_at: datetime | None) -> tuple[str, str]:
    """Return the words and the tone of the due pill; empty without a due instant."""
    if due_at is None:
        return "", ""
    left = due_at - clock.now()
    if left < timedelta(0):
        return _("Late"), "bad"
    if left < timedelta(hours=1):
        return _("Due within the hour"), "warn"
    if left < timedelta(days=1):
        hours = int(left.total_seconds() // 3600)
        return (
            ngettext("Due in %(n)d hour", "Due in %(n)d hours", hours) % {"n": hours},
            "warn",
        )
    days = left.days
    words = ngettext("Due in %(n)d day", "Due in %(n)d days", days) % {"n": days}
    return words, "info"

"""What waits for a person, as lists for pages and as a number for the sidebar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from tenants.context import current_tenant
from workflow import open_counts, steps, tenancy
from workflow.errors import TenantFunctionWrong
from workflow.models import ProcessInstance, Timer, WorkItem
from workflow.models.work_item import LIVE, timers_known
from workflow.story import Standing, activities, among, groups_of

#: The number in the sidebar stops counting here, and those above the list there.
MOST_COUNTED = 999
MOST_LISTED = 1000
URGENT = 5

Status = WorkItem.Status
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, as `partials/list_row.html` shows it."""

    url: str
    title: str
    meta: list[str]
    at: datetime
    initials: str = ""
    state: str = ""
    state_label: str = ""
    state_tone: str = ""
    due: str = ""
    due_tone: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the sentence above a list, as `partials/stats.html` shows it."""

    number: int
    words: str
    tone: str = ""


class AtLeast(int):
    """A number at which counting stopped: a page shows it as "1,000+"."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{number_format(int(self), force_grouping=True)}+"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits for a person, and how much of it presses."""

    total: int
    held: int
    offered: int
    late: int
    today: int


def open_count(user: Any) -> int | None:
    """Return how many open work items a person holds or may take, in one statement.

    None where the tenant filter is wrong: it stands on every page, errors included.
    """
    try:
        if tenancy.filters():
            return min(int(_counted_rows(user).count()), MOST_COUNTED)
        return min(open_counts.of(user.pk, _counted_rows), MOST_COUNTED)
    except TenantFunctionWrong:
        return None


def _counted_rows(user: Any) -> Any:
    return _head(user, MOST_COUNTED)


def counts(user: Any) -> Counts:
    """Return how much waits for a person, in one statement.

    What is held and what is offered is counted up to MOST_LISTED each, in the order of
    the list: beyond, the numbers are those of its beginning, each an AtLeast.
    """
    now = clock.now()
    timeouts = Timer.objects.pending().filter(
        workitem=OuterRef("pk"), kind=Timer.Kind.TIMEOUT
    )
    late = Exists(timeouts.filter(due_at__lt=now))
    today = Exists(timeouts.filter(due_at__gte=now, due_at__lt=end_of_day(now)))
    found = WorkItem.objects.filter(pk__in=_head(user, MOST_LISTED + 1)).aggregate(
        held=Count("pk", filter=Q(user=user)),
        offered=Count("pk", filter=Q(user=None)),
        late=Count("pk", filter=Q(late)),
        today=Count("pk", filter=Q(today) & ~Q(late)),
    )
    return counted(**found)


def counted(*, held: int, offered: int, late: int, today: int) -> Counts:
    """Return the counts of the beginning of a list; if there is more, they say so."""
    is_cut = max(held, offered) > MOST_LISTED
    return Counts(
        total=bounded(held + offered),
        held=bounded(held),
        offered=bounded(offered),
        late=AtLeast(late) if is_cut else late,
        today=AtLeast(today) if is_cut else today,
    )


def bounded(number: int) -> int:
    return number if number <= MOST_LISTED else AtLeast(MOST_LISTED)


def end_of_day(now: datetime) -> datetime:
    """Return the next midnight where the tenant is."""
    local = now.astimezone(ZoneInfo(current_tenant().timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def figures(found: Counts) -> list[Figure]:
    """Return the numbers of the sentence above the list; what is none is left out."""
    waiting = ngettext("waits for you", "wait for you", found.total)
    every = (
        Figure(found.total, waiting),
        Figure(found.late, _("late"), "bad"),
        Figure(found.today, _("due today"), "warn"),
    )
    return [figure for figure in every if figure.number]


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


def first(user: Any, part: slice, *, held: bool | None = None) -> list[WorkItem]:
    """Return a part of `mine` from near its beginning, in two statements."""
    found = _head(user, part.stop, held=held)
    return list(listed(WorkItem.objects.filter(pk__in=found))[part])


def _head(user: Any, count: int, *, held: bool | None = None) -> Any:
    """Return the keys of the first ones held and of the first ones offered.

    Each of the two has an index in the order of the list, and is read only as far as
    the count goes, however much there is.
    """
    both = {
        True: WorkItem.objects.held_by(user),
        False: WorkItem.objects.offered_to(user),
    }
    head, *more = [
        ordered(rows.filter(instance__process__enabled=True)).values("pk")[:count]
        for is_held, rows in both.items()
        if held in {None, is_held}
    ]
    return head.union(*more, all=True) if more else head


@dataclass(frozen=True)
class Pages(Sequence[WorkItem]):
    """The open work of a person, for a paginator; `total` was counted before.

    What lies beyond MOST_LISTED comes up when what is before it is done.
    """

    user: Any
    total: int
    held: bool | None = None

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, part: Any) -> Any:
        if isinstance(part, slice):
            return first(self.user, part, held=self.held)
        return first(self.user, slice(part, part + 1), held=self.held)[0]


def others(user: Any) -> "QuerySet[WorkItem]":
    """Return all unfinished work of the tenant; what needs help comes first."""
    live = WorkItem.objects.visible_to(user).filter(status__in=LIVE)
    broken_first = Case(When(status="fallout", then=Value(0)), default=Value(1))
    rows = steps.with_all(live).order_by(broken_first, "-priority", "id")
    return rows.prefetch_related("timers", "pull_roles")


def listed(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items with what a list shows of them; the holder is known."""
    shown = rows.select_related("instance__process", "instance__user", "activity")
    return ordered(shown.prefetch_related(timers_known()))


def ordered(rows: "QuerySet[WorkItem]") -> "QuerySet[WorkItem]":
    """Return work items, urgent and old first."""
    return rows.order_by("-priority", "id")


def _mine(user: Any) -> Any:
    return WorkItem.objects.takeable_by(user)


def row(item: WorkItem, state: Standing | None, *, reader: Any) -> Row:
    """Return the line of a work item, as one person reads it."""
    instance = item.instance
    due, tone = due_words(item.due_at)
    is_own = instance.user_id == reader.pk
    # What somebody reads about their own request names nobody twice.
    asker = _("you") if is_own else instance.user.display_name
    meta = [
        process_words(instance),
        item.activity.title,
        _("asked by %(name)s") % {"name": asker},
    ]
    if item.priority >= URGENT:
        meta.append(_("urgent"))
    return Row(
        url=reverse("workflow:work-item", args=[item.pk]),
        title=instance.title,
        meta=meta,
        initials=instance.user.initials,
        at=item.available_at or item.created_at,
        state=state.state if state else "",
        state_label=state.label if state else "",
        state_tone=state.tone if state else "",
        due=due,
        due_tone=tone,
        due_at=item.due_at,
    )


def my_state(item: WorkItem) -> Standing | None:
    """Return the badge of a row of one's own work; what is just to do needs none."""
    if item.user_id is None:
        return Standing("offered", _("Open to take"))
    return Standing("active", _("Begun")) if item.status == Status.ACTIVE else None


def holder(item: WorkItem, *, reader: Any) -> Standing:
    """Return who has a work item, or what is wrong with it."""
    if item.status not in {Status.INACTIVE, Status.ACTIVE}:
        return Standing(item.status, str(item.get_status_display()).capitalize())
    if item.user_id == reader.pk:
        return Standing("held", _("With you"), "accent")
    if item.user is not None:
        return Standing("held", _("With %(who)s") % {"who": item.user.display_name})
    groups = groups_of([item])
    if groups:
        return Standing("offered", _("At %(groups)s") % {"groups": among(groups)})
    return Standing("offered", _("Open to everybody"))


def request_row(instance: ProcessInstance, state: Standing) -> Row:
    """Return the line of a request, with where it stands."""
    return Row(
        url=reverse("workflow:instance", args=[instance.pk]),
        title=instance.title,
        meta=[process_words(instance), *activities(instance)],
        at=instance.closed_at or instance.creationTime,
        state=state.state,
        state_label=state.label,
        state_tone=state.tone,
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
        return late_words(-left), "bad"
    if left < HOUR:
        return _("Due within the hour"), "warn"
    if left < DAY:
        hours = left // HOUR
        words = ngettext("Due in %(n)d hour", "Due in %(n)d hours", hours)
        return words % {"n": hours}, "warn"
    words = ngettext("Due in %(n)d day", "Due in %(n)d days", left.days)
    return words % {"n": left.days}, "info"


def late_words(late: timedelta) -> str:
    if late < HOUR:
        minutes = max(1, late // timedelta(minutes=1))
        words = ngettext("%(n)d minute late", "%(n)d minutes late", minutes)
        return words % {"n": minutes}
    if late < DAY:
        hours = late // HOUR
        return ngettext("%(n)d hour late", "%(n)d hours late", hours) % {"n": hours}
    return ngettext("%(n)d day late", "%(n)d days late", late.days) % {"n": late.days}

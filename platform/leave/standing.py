"""Where a leave request stands and what comes next, in words and with names."""

from dataclasses import dataclass
from typing import Final, Literal

from django.utils.translation import gettext as _

from accounts.models import User
from leave.deciders import members
from leave.models import LeaveRequest
from leave.processes import APPROVE, DECIDE, FILE, HR, MANAGERS
from workflow.documents import content_type_id
from workflow.models import WorkItem
from workflow.models.work_item import WorkItemQuerySet

State = Literal["done", "current", "waiting"]
Status = LeaveRequest.Status

#: How many names stand in a sentence before it says "and others".
MOST_NAMES: Final = 3

#: Asked, decided, filed, told: how far a request that goes on is.
STATES: Final[dict[str, tuple[State, State, State, State]]] = {
    Status.DRAFT: ("current", "waiting", "waiting", "waiting"),
    Status.WAITING: ("done", "current", "waiting", "waiting"),
    Status.APPROVED: ("done", "done", "current", "waiting"),
    Status.FILED: ("done", "done", "done", "done"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of `partials/steps.html`."""

    label: str
    state: State


def steps(request: LeaveRequest) -> list[Step]:
    """Return what happens with the request, done and to come."""
    who = request.requester
    sent = Step(_("%s asks for leave") % who, "done")
    if request.status == Status.WITHDRAWN:
        return [sent, Step(_("%s withdrew the request") % who, "done")]
    if request.status == Status.REFUSED:
        return [
            sent,
            Step(decision(request), "done"),
            Step(_("%s corrects or withdraws the request") % who, "current"),
        ]
    is_filed = request.status == Status.FILED
    labels = (
        _("%s asks for leave") % who,
        decision(request),
        filing(request),
        (_("%s was told by mail") if is_filed else _("%s is told by mail")) % who,
    )
    states = STATES[request.status]
    return [Step(*line) for line in zip(labels, states, strict=True)]


def outlook(person: User) -> list[Step]:
    """Return what would happen with a request of this person, before they ask."""
    managers = names(MANAGERS, besides=person)
    decides = managers or names(HR, besides=person)
    labels = (
        _("You send the request"),
        _("%s decides") % decides if decides else _("Somebody else decides"),
        _("%s files it") % (names(HR) or HR),
        _("You are told by mail"),
    )
    states: tuple[State, ...] = ("current", "waiting", "waiting", "waiting")
    return [Step(*line) for line in zip(labels, states, strict=True)]


def is_over(request: LeaveRequest) -> bool:
    """Say whether nothing more happens with the request."""
    return request.status in {Status.FILED, Status.WITHDRAWN}


def filing(request: LeaveRequest) -> str:
    """Return who files the request, or has filed it."""
    if request.status == Status.FILED:
        item = items_of(request).filter(activity__key=FILE).first()
        if item is not None and item.user is not None:
            return _("%s filed it") % item.user
    return _("%s files it") % (names(HR) or HR)


def decision(request: LeaveRequest) -> str:
    """Return who decides, or has decided."""
    item = last_decision(request)
    if item is not None and not item.is_open and item.user is not None:
        refused = request.status == Status.REFUSED
        return (_("%s refused") if refused else _("%s approved")) % item.user
    if item is None:
        who = names(MANAGERS, besides=request.requester) or names(HR) or MANAGERS
        return _("%s decides") % who
    if item.user is not None:
        return _("%s decides") % item.user
    if item.activity.key == DECIDE:
        return _("%s decides in the manager's place") % (names(HR) or HR)
    return _("Somebody else must decide, and there is nobody: ask your administrator")


def last_decision(request: LeaveRequest) -> WorkItem | None:
    """Return the newest work item at which somebody decides, or decided."""
    items = items_of(request).filter(activity__key__in=(APPROVE, DECIDE))
    return items.exclude(status="expired").first()


def waits_for(request: LeaveRequest) -> str:
    """Return who has to do something now; empty where nobody has to."""
    item = items_of(request).open().first()
    if item is None:
        return ""
    if item.user is not None:
        return str(item.user)
    return ", ".join(sorted(group.name for group in item.pull_roles.all()))


def item_for(person: User, request: LeaveRequest) -> WorkItem | None:
    """Return the work item about the request that this person can do now."""
    mine = WorkItem.objects.takeable_by(person).values("pk")
    return items_of(request).filter(pk__in=mine).first()


def items_of(request: LeaveRequest) -> WorkItemQuerySet:
    """Return the work items about the request, the newest first."""
    return (
        WorkItem.objects.filter(
            instance__content_type_id=content_type_id(LeaveRequest),
            instance__object_id=str(request.pk),
        )
        .select_related("activity", "user", "instance")
        .order_by("-id")
    )


def names(group: str, *, besides: User | None = None) -> str:
    """Return the names of a group in a sentence; empty where it has nobody.

    `besides` is left out: nobody decides on their own leave.
    """
    rows = members(group).exclude(pk=besides.pk) if besides else members(group)
    people = [str(person) for person in rows[: MOST_NAMES + 1]]
    if len(people) > MOST_NAMES:
        people[MOST_NAMES:] = [_("others")]
    return _(" or ").join(people)

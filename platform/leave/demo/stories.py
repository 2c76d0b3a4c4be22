"""The leave requests of the demo: one at every place of the process."""

from collections.abc import Callable
from datetime import date, timedelta

from accounts.models import User
from kernel import clock
from leave import requests
from leave.models import LeaveRequest
from leave.processes import APPROVE, APPROVED, FILE, REJECTED
from leave.standing import items_of

Find = Callable[[str], User]
DAY = timedelta(days=1)


def tell_all(find: Find) -> None:
    """Make the requests; the first one belongs to the admin and is not sent."""
    at_the_admin(find)
    filed(find)
    late(find)
    at_hr(find)
    refused(find)
    waiting(find)


def at_the_admin(find: Find) -> None:
    """Leave request 1, instance 1, work item 1: what the documents' examples name."""
    with clock.frozen(clock.now() - DAY):
        requests.draft_leave(
            kind="holiday",
            start=monday(4),
            end=monday(4) + 4 * DAY,
            reason="A week by the sea.",
            by=find("admin"),
        )


def filed(find: Find) -> None:
    asked = ask(find, days_ago=9, kind="sick", first=monday(-1), last=1, reason="")
    decide(asked, APPROVED, by=find("bob"), days_ago=8.5)
    file(asked, by=find("carol"), days_ago=8)


def late(find: Find) -> None:
    """Bob has not answered for three days: the first tick passes it to HR."""
    ask(
        find,
        days_ago=4,
        kind="unpaid",
        first=monday(9),
        last=18,
        reason="Three weeks on the coast path.",
    )


def at_hr(find: Find) -> None:
    asked = ask(
        find,
        days_ago=2,
        kind="holiday",
        first=monday(6),
        last=4,
        reason="Visiting family.",
    )
    decide(asked, APPROVED, by=find("bob"), days_ago=1)


def refused(find: Find) -> None:
    asked = ask(
        find,
        days_ago=1.5,
        kind="other",
        first=monday(1),
        last=0,
        reason="Moving house.",
    )
    decide(asked, REJECTED, by=find("bob"), days_ago=0.8)


def waiting(find: Find) -> None:
    ask(
        find,
        days_ago=0.1,
        kind="holiday",
        first=monday(3) + 3 * DAY,
        last=1,
        reason="A long weekend.",
    )


def ask(
    find: Find, *, days_ago: float, kind: str, first: date, last: int, reason: str
) -> LeaveRequest:
    """Let alice have asked, some days ago, for days from the first on."""
    with clock.frozen(clock.now() - days_ago * DAY):
        return requests.ask_for_leave(
            kind=kind,
            start=first,
            end=first + last * DAY,
            reason=reason,
            by=find("alice"),
        )


def decide(asked: LeaveRequest, outcome: str, *, by: User, days_ago: float) -> None:
    finish(asked, APPROVE, outcome, by=by, days_ago=days_ago)


def file(asked: LeaveRequest, *, by: User, days_ago: float) -> None:
    finish(asked, FILE, None, by=by, days_ago=days_ago)


def finish(
    asked: LeaveRequest, key: str, outcome: str | None, *, by: User, days_ago: float
) -> None:
    """Let somebody have done the work at an activity, some days ago."""
    item = items_of(asked).open().get(activity__key=key)
    with clock.frozen(clock.now() - days_ago * DAY):
        item.activate(by)
        item.complete(by, condition=outcome)


def monday(weeks: int) -> date:
    """Return the Monday of a week, counted from this one."""
    today = requests.today()
    return today - today.weekday() * DAY + weeks * 7 * DAY

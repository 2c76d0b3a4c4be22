"""What the tests of leave requests may ask for."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from accounts.mail import devbox
from accounts.mail.outbox import run_due
from accounts.models import User
from kernel import clock
from leave import requests
from leave.models import LeaveRequest
from leave.standing import items_of
from workflow.models import WorkItem

DAY = timedelta(days=1)


@pytest.fixture
def first_day() -> date:
    """Return a day that may be asked for."""
    return clock.now().date() + 14 * DAY


@pytest.fixture
def days(first_day: date) -> dict[str, date]:
    return {"start": first_day, "end": first_day + 2 * DAY}


@pytest.fixture
def asked(in_acme, alice: User, days) -> LeaveRequest:
    """Return what alice asked for; it waits for bob."""
    return requests.ask_for_leave(kind="holiday", reason="The sea.", by=alice, **days)


@pytest.fixture
def finish(in_acme) -> Callable[..., WorkItem]:
    """Return the work of a person: `finish(asked, bob, "APPROVED")`."""

    def done(leave: LeaveRequest, by: User, outcome: str | None = None) -> WorkItem:
        item = items_of(leave).open().get()
        item.activate(by)
        item.complete(by, condition=outcome)
        leave.refresh_from_db()
        return item

    return done


@pytest.fixture
def mailbox(in_acme) -> Callable[[], list[devbox.Letter]]:
    """Return the mails of acme: sends what is in the outbox and reads all letters."""
    devbox.clear()

    def read() -> list[devbox.Letter]:
        run_due(100)
        return devbox.letters()

    return read


def open_at(leave: LeaveRequest) -> list[tuple[str, str]]:
    """Return where the request is, and with whom; `-` where nobody holds it."""
    return [
        (item.activity.key, item.user.username if item.user else "-")
        for item in items_of(leave).open()
    ]

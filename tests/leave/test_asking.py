"""Ask for leave: what is taken, what is refused."""

from datetime import date, timedelta

import pytest

from kernel import clock
from kernel.errors import Invalid
from leave import requests
from leave.errors import (
    EndsBeforeStart,
    KindUnknown,
    LeaveRefused,
    ReasonTooLong,
    TooFarAhead,
    TooFarBack,
    TooLong,
)
from leave.models import LeaveRequest
from leave.requests import check_days
from tests.leave.conftest import open_at
from workflow.models import ProcessInstance

TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)


def test_a_request_is_sent_to_a_manager_at_once(asked, alice):
    assert asked.status == "waiting"
    assert asked.requester == alice
    assert open_at(asked) == [("approve", "bob")]


def test_the_instance_is_titled_after_the_request(asked):
    assert ProcessInstance.objects.get().title == str(asked)


def test_a_draft_waits_for_its_requester(in_acme, alice, days):
    draft = requests.draft_leave(kind="holiday", by=alice, **days)
    assert draft.status == "draft"
    assert open_at(draft) == [("request", "alice")]


def test_a_draft_that_is_sent_goes_to_a_manager(in_acme, alice, days):
    draft = requests.draft_leave(kind="holiday", by=alice, **days)
    requests.send(draft, by=alice)
    assert draft.status == "waiting"
    assert open_at(draft) == [("approve", "bob")]


def test_the_reason_is_kept_without_outer_blanks(in_acme, alice, days):
    draft = requests.draft_leave(kind="other", reason="  moving \n", by=alice, **days)
    assert draft.reason == "moving"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TODAY, TODAY),
        (TODAY - 31 * DAY, TODAY),
        (TODAY + 731 * DAY, TODAY + 731 * DAY),
        (TODAY, TODAY + 365 * DAY),
    ],
)
def test_days_at_the_edge_are_taken(start, end):
    check_days(start, end, today=TODAY)


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        (TODAY, TODAY - DAY, EndsBeforeStart),
        (TODAY - 32 * DAY, TODAY, TooFarBack),
        (TODAY + 732 * DAY, TODAY + 732 * DAY, TooFarAhead),
        (TODAY, TODAY + 366 * DAY, TooLong),
        (date.min, date.min, TooFarBack),
        (date.max, date.max, TooFarAhead),
    ],
)
def test_days_beyond_the_edge_are_refused(start, end, error):
    with pytest.raises(error):
        check_days(start, end, today=TODAY)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "sabbatical"}, KindUnknown),
        ({"reason": "x" * 1001}, ReasonTooLong),
        ({"reason": "a\x00b"}, Invalid),
        ({"kind": "holi\x00day"}, Invalid),
    ],
)
def test_a_refused_request_leaves_nothing_behind(in_acme, alice, days, change, error):
    order = {"kind": "holiday", "reason": "", "by": alice, **days}
    with pytest.raises(error):
        requests.ask_for_leave(**order | change)
    assert not LeaveRequest.objects.exists()
    assert not ProcessInstance.objects.exists()


def test_a_refusal_names_its_field():
    with pytest.raises(LeaveRefused) as caught:
        check_days(TODAY, TODAY - DAY, today=TODAY)
    assert caught.value.code == "leave.ends_before_start"
    assert caught.value.extra["errors"][0]["field"] == "end_date"


def test_today_is_the_tenants_today(in_acme, acme):
    from dataclasses import replace

    from tenants.context import use

    late = clock.now().replace(hour=23, minute=30)
    with clock.frozen(late), use(replace(acme, timezone="Pacific/Kiritimati")):
        assert requests.today() == late.date() + DAY

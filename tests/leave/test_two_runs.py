"""A second run about the same leave request opens no way past the decision."""

from datetime import timedelta

import pytest

from leave import requests
from leave.errors import LeaveMovedOn, LeaveNotYours
from leave.models import LeaveRequest
from leave.processes import CODE
from leave.standing import items_of
from workflow.models import ProcessInstance

pytestmark = pytest.mark.django_db
PATH = "/api/protected"


@pytest.fixture
def started_again(asked, alice):
    """Return the first work item of a second run that alice has started."""
    return ProcessInstance.objects.start(CODE, alice, asked)


def test_what_waits_for_a_decision_cannot_be_changed_by_a_second_run(
    asked, started_again, alice, days
):
    longer = {**days, "end": days["end"] + timedelta(days=90)}
    with pytest.raises(LeaveNotYours):
        requests.correct(asked, kind="holiday", reason="", by=alice, **longer)
    asked.refresh_from_db()
    assert asked.end_date == days["end"]


def test_what_was_approved_cannot_be_changed_by_a_second_run(
    asked, started_again, bob, days, api
):
    item = items_of(asked).get(activity__key="approve")
    item.activate(bob)
    item.complete(bob, condition="APPROVED")
    asked.refresh_from_db()
    answer = api("alice").patch(
        f"{PATH}/leave/requests/{asked.pk}",
        {"end_date": (days["end"] + timedelta(days=90)).isoformat()},
        content_type="application/json",
    )
    assert answer.status_code == 409
    asked.refresh_from_db()
    assert (asked.status, asked.end_date) == ("approved", days["end"])


def test_a_request_is_not_sent_twice(asked, started_again, alice):
    started_again.activate(alice)
    with pytest.raises(LeaveMovedOn):
        started_again.complete(alice)
    started_again.refresh_from_db()
    assert started_again.status == "active"
    assert items_of(asked).filter(activity__key="approve").count() == 1


def test_the_page_offers_no_change_of_what_is_under_way(
    asked, started_again, alice, browser_of
):
    assert not requests.may_change(alice, asked)
    page = browser_of("alice").get(f"/leave/{asked.pk}/correct/")
    assert page.status_code == 409


@pytest.mark.parametrize(
    ("to", "came_from"), [(to, LeaveRequest.FROM[to]) for to in LeaveRequest.FROM]
)
def test_a_request_moves_only_from_where_it_may(asked, to, came_from):
    for status in LeaveRequest.Status:
        LeaveRequest.objects.filter(pk=asked.pk).update(status=status)
        if status in came_from:
            asked.move(to, "test")
        else:
            with pytest.raises(LeaveMovedOn):
                asked.move(to, "test")


def test_an_answer_that_the_requester_put_into_the_token_is_no_decision(
    in_acme, alice, api, days
):
    draft = requests.draft_leave(kind="holiday", by=alice, **days)
    first = items_of(draft).get()
    mine, manager = api("alice"), api("bob")
    mine.post(f"{PATH}/workitems/{first.pk}/activate")
    sent = mine.post(
        f"{PATH}/workitems/{first.pk}/complete",
        {"condition": "APPROVED"},
        content_type="application/json",
    )
    assert sent.status_code == 200
    item = items_of(draft).open().get()
    manager.post(f"{PATH}/workitems/{item.pk}/activate")
    bare = manager.post(
        f"{PATH}/workitems/{item.pk}/complete", {}, content_type="application/json"
    )
    assert (bare.status_code, bare.json()["code"]) == (422, "split.no_match")
    draft.refresh_from_db()
    assert draft.status == "waiting"

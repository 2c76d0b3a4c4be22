"""The process `leave`: every arrow, and who may walk it."""

from datetime import timedelta

import pytest

from kernel import clock
from leave import requests
from leave.errors import LeaveNotYours, OwnLeave
from leave.models import LeaveRequest
from leave.processes import HR, LEAVE, MANAGERS, TRANSITIONS
from leave.standing import items_of
from tests.leave.conftest import open_at
from workflow import timers
from workflow.errors import NoMatch, NotCandidate
from workflow.models import AuditEvent, ProcessInstance

pytestmark = pytest.mark.django_db


def pass_days(number: float) -> None:
    clock.advance(timedelta(days=number))
    timers.run_due(100)


def test_approved_filed_and_told(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    assert asked.status == "approved"
    assert open_at(asked) == [("file", "-")]
    finish(asked, carol)
    assert asked.status == "filed"
    assert open_at(asked) == []
    assert ProcessInstance.objects.get().status == "complete"


def test_a_refused_request_comes_back_to_its_requester(asked, finish, bob):
    finish(asked, bob, "REJECTED")
    assert asked.status == "refused"
    assert open_at(asked) == [("correct", "alice")]


def test_a_corrected_request_goes_to_a_manager_again(asked, finish, alice, bob, days):
    finish(asked, bob, "REJECTED")
    requests.correct(asked, kind="unpaid", reason="Please.", by=alice, **days)
    requests.send(asked, by=alice)
    assert (asked.status, asked.kind, asked.reason) == ("waiting", "unpaid", "Please.")
    assert open_at(asked) == [("approve", "bob")]


def test_a_withdrawn_request_is_over(asked, finish, alice, bob):
    finish(asked, bob, "REJECTED")
    requests.withdraw(asked, by=alice)
    assert asked.status == "withdrawn"
    assert ProcessInstance.objects.get().status == "complete"


def test_after_three_days_hr_decides_in_the_managers_place(
    frozen_clock, asked, finish, carol
):
    pass_days(2.99)
    assert open_at(asked) == [("approve", "bob")]
    pass_days(0.02)
    assert open_at(asked) == [("decide", "-")]
    finish(asked, carol, "APPROVED")
    assert open_at(asked) == [("file", "-")]


def test_hr_may_refuse_in_the_managers_place(frozen_clock, asked, finish, carol):
    pass_days(3.1)
    finish(asked, carol, "REJECTED")
    asked.refresh_from_db()
    assert asked.status == "refused"
    assert open_at(asked) == [("correct", "alice")]


def test_a_decision_in_time_stops_the_clock(frozen_clock, asked, finish, bob):
    finish(asked, bob, "APPROVED")
    pass_days(4)
    assert open_at(asked) == [("file", "-")]


def test_every_arrow_is_walked_by_a_test_above():
    walked = {
        ("request", "approve", ""),
        ("approve", "file", "eq:APPROVED"),
        ("approve", "correct", "eq:REJECTED"),
        ("approve", "decide", "timeout:3d"),
        ("decide", "file", "eq:APPROVED"),
        ("decide", "correct", "eq:REJECTED"),
        ("file", "tell", ""),
        ("tell", "end", ""),
        ("correct", "approve", "eq:RESUBMIT"),
        ("correct", "end", "eq:WITHDRAW"),
    }
    arrows = {(way.source, way.target, way.condition) for way in TRANSITIONS}
    assert arrows == walked
    assert len(TRANSITIONS) == len(walked)


# Who


def test_a_managers_own_request_goes_to_another_manager(in_acme, bob, days):
    leave = requests.ask_for_leave(kind="holiday", by=bob, **days)
    assert open_at(leave) == [("approve", "mallory")]


def test_without_another_manager_hr_decides(in_acme, person, bob, days):
    person("mallory").groups.clear()
    leave = requests.ask_for_leave(kind="holiday", by=bob, **days)
    [(activity, holder)] = open_at(leave)
    assert activity == "approve"
    assert person(holder).groups.filter(name=HR).exists()
    assert not person(holder).groups.filter(name=MANAGERS).exists()


def test_nobody_decides_on_their_own_leave(frozen_clock, in_acme, person, carol, days):
    leave = requests.ask_for_leave(kind="holiday", by=carol, **days)
    pass_days(3.1)
    item = items_of(leave).open().get()
    item.activate(carol)
    with pytest.raises(OwnLeave):
        item.complete(carol, condition="APPROVED")
    leave.refresh_from_db()
    assert leave.status == "waiting"
    assert open_at(leave) == [("decide", "carol")]


def test_requests_go_to_the_manager_with_the_least_to_do(in_acme, alice, carol, days):
    first = requests.ask_for_leave(kind="holiday", by=alice, **days)
    second = requests.ask_for_leave(kind="holiday", by=carol, **days)
    third = requests.ask_for_leave(kind="holiday", by=alice, **days)
    holders = [open_at(leave)[0][1] for leave in (first, second, third)]
    assert holders == ["bob", "mallory", "bob"]


def test_someone_who_left_gets_no_requests(in_acme, alice, bob, days):
    bob.is_active = False
    bob.save()
    leave = requests.ask_for_leave(kind="holiday", by=alice, **days)
    assert open_at(leave) == [("approve", "mallory")]


def test_an_employee_cannot_file(asked, finish, alice, bob):
    finish(asked, bob, "APPROVED")
    item = items_of(asked).open().get()
    with pytest.raises(NotCandidate):
        item.activate(alice)
    assert open_at(asked) == [("file", "-")]


def test_an_answer_that_nobody_knows_is_refused(asked, bob):
    item = items_of(asked).open().get()
    item.activate(bob)
    with pytest.raises(NoMatch) as caught:
        item.complete(bob, condition="MAYBE")
    values = [way["value"] for way in caught.value.extra["accepted"]]
    assert values == ["APPROVED", "REJECTED"]
    asked.refresh_from_db()
    assert asked.status == "waiting"


@pytest.mark.parametrize("username", ["bob", "carol"])
def test_only_the_requester_corrects(asked, finish, person, days, username):
    finish(asked, person("bob"), "REJECTED")
    with pytest.raises(LeaveNotYours):
        requests.correct(asked, kind="sick", reason="", by=person(username), **days)
    assert LeaveRequest.objects.get().kind == "holiday"


def test_a_waiting_request_cannot_be_changed(asked, alice, days):
    for verb in (requests.send, requests.withdraw):
        with pytest.raises(LeaveNotYours):
            verb(asked, by=alice)
    with pytest.raises(LeaveNotYours):
        requests.correct(asked, kind="sick", reason="", by=alice, **days)


def test_a_draft_cannot_be_withdrawn(in_acme, alice, days):
    draft = requests.draft_leave(kind="holiday", by=alice, **days)
    with pytest.raises(LeaveNotYours):
        requests.withdraw(draft, by=alice)
    assert open_at(draft) == [("request", "alice")]


# What is kept


def test_the_history_tells_it_line_by_line(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    finish(asked, carol)
    said = [line.split(" ", 2)[2] for line in asked.history.splitlines()]
    assert said == [
        "Alice Acme: sent",
        "Bob Acme: approved",
        "Carol Acme: filed",
    ]


def test_the_audit_trail_names_who_did_what(asked, finish, bob):
    finish(asked, bob, "APPROVED")
    done = AuditEvent.objects.filter(action="workitem.completed").order_by("seq")
    assert [event.actor_label for event in done] == ["Alice Acme", "Bob Acme"]


def test_the_process_is_called_leave():
    assert (LEAVE.code, LEAVE.title) == ("leave", "leave")

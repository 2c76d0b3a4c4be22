"""The process `leave`: every arrow, and who may walk it."""

import pytest

from leave import requests
from leave.errors import LeaveNotYours, OwnLeave
from leave.models import LeaveRequest
from leave.processes import HR, LEAVE, MANAGERS
from tests.leave.conftest import open_at
from workflow.errors import NoMatch, NotCandidate
from workflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(process, asked):
    """Return the run of what alice asked for; it waits for bob."""
    return process.of(asked)


def test_approved_filed_and_told(run, bob, carol):
    run.complete("approve", as_=bob, condition="APPROVED")
    assert run.document.status == "approved"
    assert open_at(run.document) == [("file", "-")]
    run.complete("file", as_=carol)
    assert run.document.status == "filed"
    run.assert_complete()
    assert run.path()[1:] == ["approve--file", "file--tell", "tell--end"]


def test_a_refused_request_comes_back_to_its_requester(run, bob):
    run.complete("approve", as_=bob, condition="REJECTED")
    assert run.document.status == "refused"
    assert open_at(run.document) == [("correct", "alice")]


def test_a_corrected_request_goes_to_a_manager_again(run, alice, bob, days):
    run.complete("approve", as_=bob, condition="REJECTED")
    requests.correct(run.document, kind="unpaid", reason="Please.", by=alice, **days)
    requests.send(run.document, by=alice)
    leave = run.document
    assert (leave.status, leave.kind, leave.reason) == ("waiting", "unpaid", "Please.")
    assert open_at(leave) == [("approve", "bob")]


def test_a_withdrawn_request_is_over(run, alice, bob):
    run.complete("approve", as_=bob, condition="REJECTED")
    requests.withdraw(run.document, by=alice)
    assert run.document.status == "withdrawn"
    run.assert_complete()


def test_after_three_days_hr_decides_in_the_managers_place(run, carol):
    run.advance("71h")
    assert open_at(run.document) == [("approve", "bob")]
    run.advance("1h")
    assert open_at(run.document) == [("decide", "-")]
    run.complete("decide", as_=carol, condition="APPROVED")
    run.assert_waiting_at("file")


def test_hr_may_refuse_in_the_managers_place(run, carol):
    run.advance("3d")
    run.complete("decide", as_=carol, condition="REJECTED")
    assert run.document.status == "refused"
    assert open_at(run.document) == [("correct", "alice")]


def test_a_decision_in_time_stops_the_clock(run, bob):
    run.complete("approve", as_=bob, condition="APPROVED")
    run.advance("4d")
    run.assert_waiting_at("file")


def test_a_mail_that_cannot_be_written_does_not_lose_the_request(
    process, run, bob, carol
):
    process.fail("leave.tell", times=3)
    run.complete("approve", as_=bob, condition="APPROVED")
    run.complete("file", as_=carol)
    run.advance("1h")
    assert run.document.status == "filed"
    run.assert_incident("auto.failed")


def test_every_arrow_can_be_walked(process, run, alice, bob, carol):
    run.complete("approve", as_=bob, condition="REJECTED")
    run.complete("correct", as_=alice, condition="RESUBMIT")
    run.complete("approve", as_=bob, condition="APPROVED")
    run.complete("file", as_=carol)
    for answer in ("APPROVED", "REJECTED"):
        late = process.start("leave", as_=alice, document=draft_of(run.document))
        late.complete("request", as_=alice)
        late.advance("3d")
        late.complete("decide", as_=carol, condition=answer)
    late.complete("correct", as_=alice, condition="WITHDRAW")
    assert process.coverage("leave") == []


def draft_of(leave: LeaveRequest) -> LeaveRequest:
    """Return a new draft that asks for the same."""
    leave.pk, leave.status = None, LeaveRequest.Status.DRAFT
    leave.save()
    return leave


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


def test_nobody_decides_on_their_own_leave(process, carol, days):
    leave = requests.ask_for_leave(kind="holiday", by=carol, **days)
    run = process.of(leave)
    run.advance("3d")
    with pytest.raises(OwnLeave):
        run.complete("decide", as_=carol, condition="APPROVED")
    assert run.document.status == "waiting"
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


def test_an_employee_cannot_file(run, alice, bob):
    run.complete("approve", as_=bob, condition="APPROVED")
    with pytest.raises(NotCandidate):
        run.complete("file", as_=alice)
    assert open_at(run.document) == [("file", "-")]


def test_an_answer_that_nobody_knows_is_refused(run, bob):
    with pytest.raises(NoMatch) as caught:
        run.complete("approve", as_=bob, condition="MAYBE")
    values = [way["value"] for way in caught.value.extra["accepted"]]
    assert values == ["APPROVED", "REJECTED"]
    assert run.document.status == "waiting"


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

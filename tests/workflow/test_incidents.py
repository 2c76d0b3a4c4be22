"""Work that cannot go on becomes an incident, and people help it on."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts.models import MailMessage, User
from kernel import clock
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    behaving,
    do,
    process,
    sent_for_approval,
    standing,
    start,
)
from tests.workflow.test_complete import state_of
from workflow import incidents, lifecycle, timers
from workflow.errors import (
    HandlerFailed,
    IncidentClosed,
    IncidentNotAllowed,
    InstanceState,
    NoMatch,
    ReasonInvalid,
)
from workflow.models import AuditEvent, Incident, ProcessInstance, Timer, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture
def helper(carol) -> User:
    """Return somebody who may resolve incidents."""
    for name in ("can_resolve_incidents", "can_manage_instances"):
        carol.user_permissions.add(Permission.objects.get(codename=name))
    return User.objects.get(pk=carol.pk)


def automatic(**activity):
    return process(
        A("ask", "Ask"),
        A(
            "auto",
            "Auto",
            autostart=True,
            application="tests.auto",
            split_mode="xor",
            **activity,
        ),
        A("more", "More"),
        END,
        ways=(
            T("ask", "auto", "Go"),
            T("auto", "end", "Fine", "eq:FINE", order=1),
            T("auto", "more", "Else", "eq:ELSE", order=2),
            T("more", "end", "Close"),
        ),
    )


def broken(workitem):
    raise RuntimeError(f"the secret is {12340 + 5}")


def failed(installed, person, **activity) -> tuple[WorkItem, Incident]:
    """Return automatic work that failed for good, and its incident."""
    installed(automatic(max_attempts=1, **activity))
    item = start(person)
    with behaving(auto=broken):
        do(item, person)
    stuck = at(item.instance, "auto")
    return stuck, stuck.incidents.get()


# How it comes to one: R31, W19


def test_r31_automatic_work_is_tried_again_with_longer_pauses(
    frozen_clock, installed, alice
):
    installed(automatic())
    item = start(alice)
    with behaving(auto=broken) as calls:
        do(item, alice)
        stuck = at(item.instance, "auto")
        assert (stuck.status, stuck.attempts) == ("inactive", 1)
        for number, pause in ((2, 10), (3, 60)):
            timers.run()
            assert len(calls) == number - 1
            due = Timer.objects.pending().get(workitem=stuck, kind="auto").due_at
            wait = (due - clock.now()).total_seconds()
            assert pause * 0.8 <= wait <= pause * 1.2
            clock.advance(timedelta(seconds=pause * 1.2))
            timers.run()
            assert len(calls) == number
    stuck.refresh_from_db()
    assert (stuck.status, stuck.attempts) == ("fallout", 3)
    incident = stuck.incidents.get()
    assert (incident.kind, incident.attempts, incident.is_open) == (
        "auto.failed",
        3,
        True,
    )


def test_an_attempt_that_succeeds_leaves_no_incident(frozen_clock, installed, alice):
    installed(automatic())
    item = start(alice)
    with behaving(auto=broken):
        do(item, alice)
    clock.advance(timedelta(seconds=12))
    with behaving(auto=lambda workitem: {"condition": "FINE"}):
        timers.run()
    item.instance.refresh_from_db()
    assert item.instance.status == "complete"
    assert not Incident.objects.exists()


def test_an_incident_says_what_happened_and_keeps_secrets(installed, alice):
    stuck, incident = failed(installed, alice)
    assert incident.message == "RuntimeError"
    assert "broken" in incident.trace
    assert "12345" not in incident.trace + incident.message
    actions = [
        event.action
        for event in AuditEvent.objects.of_instance(stuck.instance_id)
        if event.workitem_id == stuck.pk
    ]
    assert actions[-2:] == ["workitem.fallout", "incident.opened"]


def test_r25_an_automatic_answer_that_fits_no_way_is_an_incident_at_once(
    installed, alice
):
    installed(automatic())
    item = start(alice)
    with behaving(auto=lambda workitem: {"condition": "NONSENSE"}) as calls:
        do(item, alice)
    stuck = at(item.instance, "auto")
    assert (stuck.status, stuck.incidents.get().kind) == ("fallout", "split.no_match")
    assert len(calls) == 1


def test_r9_administrators_are_told_once_an_hour_for_each_process(
    frozen_clock, installed, alice
):
    failed(installed, alice)
    clock.advance(timedelta(seconds=1))
    timers.run()
    mails = MailMessage.objects.filter(template="workflow/incident")
    addresses = {address for mail in mails for address in mail.to}
    owners = User.objects.filter(role__in=("owner", "admin"), is_active=True)
    assert addresses == {owner.email for owner in owners}
    count = mails.count()

    item = start(alice)
    with behaving(auto=broken):
        do(item, alice)
    clock.advance(timedelta(seconds=1))
    timers.run()
    assert mails.count() == count


def test_a_hook_that_fails_under_a_person_is_an_incident_and_the_item_stays(
    installed, alice, bob
):
    installed(
        process(
            A("ask", "Ask"),
            END,
            ways=(T("ask", "end", "Go", post_hook="tests.after"),),
        )
    )
    item = start(alice)
    item.activate(alice)

    def fails(workitem, transition):
        raise RuntimeError

    for _ in range(2):
        with behaving(after=fails), pytest.raises(HandlerFailed) as refused:
            item.complete(alice)
        incident = Incident.objects.get(workitem=item)
        assert refused.value.extra["incident_id"] == incident.pk
    item.refresh_from_db()
    assert (item.status, incident.kind) == ("active", "handler.failed")

    item.complete(alice)
    incident.refresh_from_db()
    assert incident.resolution == "moved_on"


# What helps: W20, W21


def test_w20_a_retry_runs_the_work_again(installed, alice, helper):
    stuck, incident = failed(installed, alice)
    with behaving(auto=lambda workitem: {"condition": "FINE"}):
        incidents.retry_incident(incident, by=helper, reason="The server is back")
    stuck.instance.refresh_from_db()
    assert stuck.instance.status == "complete"
    assert (incident.resolution, incident.resolved_by, incident.reason) == (
        "retried",
        helper,
        "The server is back",
    )
    actions = [
        event.action for event in AuditEvent.objects.of_instance(stuck.instance_id)
    ]
    assert "incident.retried" in actions


def test_a_retry_that_fails_again_opens_another_incident(installed, alice, helper):
    stuck, incident = failed(installed, alice)
    with behaving(auto=broken):
        incidents.retry_incident(incident, by=helper, reason="Hope")
    stuck.refresh_from_db()
    assert stuck.status == "fallout"
    assert [one.is_open for one in stuck.incidents.order_by("id")] == [False, True]


def test_w21_a_skip_goes_on_with_the_outcome_that_is_named(installed, alice, helper):
    stuck, incident = failed(installed, alice)
    with pytest.raises(NoMatch):
        incidents.skip_incident(incident, by=helper, reason="By hand")
    incident.refresh_from_db()
    assert incident.is_open

    incidents.skip_incident(
        incident, by=helper, reason="Done by hand", condition="ELSE"
    )
    assert standing(stuck.instance)[-2:] == [
        ("auto", "complete"),
        ("more", "inactive"),
    ]
    assert incident.resolution == "skipped"
    events = AuditEvent.objects.of_instance(stuck.instance_id)
    skipped = events.get(action="incident.skipped")
    assert skipped.metadata == {"condition": "ELSE", "reason": "Done by hand"}


def test_cancelling_the_instance_closes_its_incidents(installed, alice, helper):
    stuck, incident = failed(installed, alice)
    lifecycle.cancel_instance(stuck.instance, by=helper, reason="No use")
    incident.refresh_from_db()
    assert (incident.resolution, incident.reason) == ("cancelled", "No use")
    for resolve in (incidents.retry_incident, incidents.skip_incident):
        with pytest.raises(IncidentClosed):
            resolve(incident, by=helper, reason="x")


def test_an_incident_is_resolved_once(installed, alice, helper):
    _, incident = failed(installed, alice)
    stale = Incident.objects.get(pk=incident.pk)
    incidents.skip_incident(incident, by=helper, reason="x", condition="ELSE")
    with pytest.raises(IncidentClosed):
        incidents.skip_incident(stale, by=helper, reason="x", condition="ELSE")


def test_nobody_pushed_is_an_incident_and_a_retry_pushes_again(
    installed, alice, bob, helper
):
    installed(approval(push_application="tests.push"))
    with behaving(push=lambda workitem: None):
        stuck = sent_for_approval(alice, bob)
    incident = stuck.incidents.get()
    assert (stuck.status, incident.kind) == ("fallout", "push.no_user")
    with behaving(push=lambda workitem: bob):
        incidents.retry_incident(incident, by=helper, reason="Bob is back")
    stuck.refresh_from_db()
    assert (stuck.status, stuck.user) == ("inactive", bob)
    # Its timeout counts from when somebody could begin.
    assert Timer.objects.pending().filter(workitem=stuck, kind="timeout").exists()


def deadlocked(installed, person) -> tuple[WorkItem, WorkItem]:
    """Return two joins that wait for each other."""
    installed(
        process(
            A("ask", "Ask"),
            A("one", "One", join_mode="and", split_mode="xor"),
            A("two", "Two", join_mode="and", split_mode="xor"),
            END,
            ways=(
                T("ask", "one", "One"),
                T("ask", "two", "Two"),
                T("one", "end", "Out", "eq:OUT", order=1),
                T("one", "two", "Cross", is_default=True, order=2),
                T("two", "end", "Out", "eq:OUT", order=1),
                T("two", "one", "Cross", is_default=True, order=2),
            ),
        )
    )
    item = start(person)
    do(item, person)
    return at(item.instance, "one"), at(item.instance, "two")


def test_a_deadlocked_join_goes_on_with_what_arrived(installed, alice, helper):
    one, two = deadlocked(installed, alice)
    incident = one.incidents.get()
    assert (one.status, two.status) == ("fallout", "fallout")
    assert incident.kind == "join.deadlock"

    incidents.retry_incident(incident, by=helper, reason="Nothing more will come")
    one.refresh_from_db()
    assert one.status == "inactive"
    do(one, alice, "OUT")

    # Now nothing can reach the other one either, and it knows by itself.
    two.refresh_from_db()
    assert (two.status, two.incidents.get().resolution) == ("inactive", "moved_on")
    do(two, alice, "OUT")
    two.instance.refresh_from_db()
    assert two.instance.status == "complete"


def test_a_deadlocked_join_can_be_skipped(installed, alice, helper):
    one, two = deadlocked(installed, alice)
    incidents.skip_incident(
        two.incidents.get(), by=helper, reason="Not needed", condition="OUT"
    )
    assert standing(one.instance)[1:3] == [("one", "inactive"), ("two", "complete")]
    do(at(one.instance, "one"), alice, "OUT")
    one.instance.refresh_from_db()
    assert one.instance.status == "complete"


# Who may, and when not


def test_r65_nobody_without_the_right_resolves_incidents(installed, alice, bob):
    stuck, incident = failed(installed, alice)
    before = state_of(stuck)
    for resolve in (incidents.retry_incident, incidents.skip_incident):
        with pytest.raises(IncidentNotAllowed):
            resolve(incident, by=bob, reason="x")
    assert state_of(stuck) == before


def test_a_resolution_has_a_reason(installed, alice, helper):
    _, incident = failed(installed, alice)
    for resolve in (incidents.retry_incident, incidents.skip_incident):
        with pytest.raises(ReasonInvalid):
            resolve(incident, by=helper, reason=" ")


def test_an_incident_of_a_suspended_instance_waits(installed, alice, helper):
    stuck, incident = failed(installed, alice)
    lifecycle.suspend_instance(stuck.instance, by=helper)
    for resolve in (incidents.retry_incident, incidents.skip_incident):
        with pytest.raises(InstanceState):
            resolve(incident, by=helper, reason="x")
    stuck.refresh_from_db()
    assert stuck.status == "fallout"


def test_too_many_tokens_are_an_incident(installed, alice, settings):
    settings.GOFLOW_MAX_TOKENS = 1
    installed(
        process(
            A("auto", "Auto", autostart=True),
            A("one", "One"),
            A("two", "Two"),
            END,
            ways=(
                T("auto", "one", "One"),
                T("auto", "two", "Two"),
                T("one", "end", "x"),
                T("two", "end", "x"),
            ),
            begin="auto",
        )
    )
    item = start(alice)
    stuck = at(item.instance, "auto")
    assert (stuck.status, stuck.incidents.get().kind) == ("fallout", "token.limit")


def test_nothing_that_failed_is_left_without_an_incident(installed, alice, helper):
    stuck, _ = failed(installed, alice)
    running = ProcessInstance.objects.filter(status="running")
    assert [one.pk for one in running] == [stuck.instance_id]
    assert Incident.objects.open().filter(instance=stuck.instance_id).exists()


def test_a_retry_sets_the_timeout_of_held_work_again(
    frozen_clock, installed, alice, bob, helper
):
    installed(
        process(
            A("ask", "Ask"),
            A("late", "Late"),
            END,
            ways=(
                T("ask", "end", "Go"),
                T("ask", "late", "Late", "timeout:3d", post_hook="tests.after"),
                T("late", "end", "Close"),
            ),
        )
    )
    item = start(alice)

    def fails(workitem, transition):
        raise RuntimeError

    clock.advance(timedelta(days=3, seconds=1))
    with behaving(after=fails):
        timers.run()
    incident = item.incidents.get()
    assert incident.kind == "handler.failed"
    incidents.retry_incident(incident, by=helper, reason="Mended")
    clock.advance(timedelta(days=3, seconds=1))
    timers.run()
    assert at(item.instance, "late").status == "inactive"


def test_without_audit_an_incident_is_still_resolved(
    installed, alice, helper, settings
):
    _, incident = failed(installed, alice)
    settings.GOFLOW_AUDIT_ENABLED = False
    incidents.skip_incident(incident, by=helper, reason="x", condition="ELSE")
    assert incident.resolution == "skipped"

"""Suspend, resume and cancel: an instance with all that its subflows began."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from kernel import clock
from tests.workflow.conftest import Killed, statements
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    do,
    parallel,
    process,
    sent_for_approval,
    sent_to,
    standing,
    start,
)
from tests.workflow.test_complete import state_of
from workflow import handing, lifecycle, starting, timers
from workflow.errors import (
    DataInvalid,
    InstanceClosed,
    InstanceNotAllowed,
    InstanceNotFound,
    InstanceState,
    ProcessNotAllowed,
    ReasonInvalid,
    WorkItemClosed,
)
from workflow.models import AuditEvent, ProcessInstance, Timer, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture
def chief(carol) -> User:
    """Return somebody who may manage instances."""
    carol.user_permissions.add(Permission.objects.get(codename="can_manage_instances"))
    return User.objects.get(pk=carol.pk)


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[WorkItem]:
    with sent_to(sharing, "Managers") as item:
        yield item


@pytest.fixture
def waiting(shared, in_acme) -> WorkItem:
    return deepcopy(shared)


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.select_related("instance__process").get(pk=item.pk)


def last_event(item: WorkItem) -> AuditEvent:
    return AuditEvent.objects.of_instance(item.instance_id).last()


def nested(installed) -> None:
    """Install a process whose second activity is a process of two of its own."""
    installed(
        process(
            A("check", "Check"),
            A("sign", "Sign"),
            END,
            ways=(T("check", "sign", "Checked"), T("sign", "end", "Signed")),
            code="child",
            begin="check",
        )
    )
    installed(
        process(
            A("ask", "Ask"),
            A("sub", "Have it checked", kind="subflow", subflow="child"),
            A("after", "After"),
            END,
            ways=(
                T("ask", "sub", "Go"),
                T("sub", "after", "Checked"),
                T("after", "end", "Done"),
            ),
        )
    )


# Suspend and resume: I5, I6, W17, W18


def test_i5_a_suspended_instance_stands_still(waiting, bob, chief):
    lifecycle.suspend_instance(waiting.instance, by=chief)
    row = fresh(waiting)
    assert (row.status, row.old_status) == ("suspended", "inactive")
    assert (row.instance.status, row.instance.old_status) == ("suspended", "running")
    assert waiting.instance.status == "suspended"
    event = last_event(row)
    assert (event.action, event.status_from, event.status_to) == (
        "instance.suspended",
        "running",
        "suspended",
    )
    with pytest.raises(InstanceState) as refused:
        row.activate(bob)
    assert refused.value.code == "instance.suspended"


def test_i6_a_resumed_instance_goes_on_where_it_was(waiting, bob, chief):
    waiting.activate(bob)
    lifecycle.suspend_instance(waiting.instance, by=chief)
    lifecycle.resume_instance(waiting.instance, by=chief)
    row = fresh(waiting)
    assert (row.status, row.old_status, row.user) == ("active", None, bob)
    assert (row.instance.status, row.instance.old_status) == ("running", None)
    row.complete(bob, condition="APPROVED")
    assert fresh(row).instance.status == "complete"


def test_r38_a_suspended_item_does_not_time_out_and_has_what_remained_later(
    frozen_clock, installed, alice, bob, chief
):
    installed(approval())
    waiting = sent_for_approval(alice, bob)
    clock.advance(timedelta(days=2))
    lifecycle.suspend_instance(waiting.instance, by=chief)
    clock.advance(timedelta(days=30))
    timers.run()
    assert fresh(waiting).status == "suspended"

    lifecycle.resume_instance(waiting.instance, by=chief)
    timer = Timer.objects.pending().get(workitem=waiting, kind="timeout")
    assert timer.due_at == clock.now() + timedelta(days=1)
    clock.advance(timedelta(days=1))
    timers.run()
    assert fresh(waiting).status == "expired"


def test_a_subflow_is_suspended_and_resumed_with_its_parent(installed, alice, chief):
    nested(installed)
    item = start(alice)
    do(item, alice)
    sub = at(item.instance, "sub")
    [child] = sub.children.all()

    lifecycle.suspend_instance(item.instance, by=chief)
    child.refresh_from_db()
    assert (child.status, standing(child)) == ("suspended", [("check", "suspended")])
    assert fresh(sub).old_status == "blocked"

    with pytest.raises(InstanceState):
        lifecycle.resume_instance(child, by=chief)
    lifecycle.resume_instance(item.instance, by=chief)
    child.refresh_from_db()
    assert (child.status, standing(child)) == ("running", [("check", "inactive")])


def test_a_subflow_that_was_suspended_by_itself_stays_so(installed, alice, chief):
    nested(installed)
    item = start(alice)
    do(item, alice)
    [child] = at(item.instance, "sub").children.all()

    lifecycle.suspend_instance(child, by=chief)
    lifecycle.suspend_instance(item.instance, by=chief)
    lifecycle.resume_instance(item.instance, by=chief)
    child.refresh_from_db()
    assert child.status == "suspended"
    lifecycle.resume_instance(child, by=chief)
    child.refresh_from_db()
    assert (child.status, standing(child)) == ("running", [("check", "inactive")])


# Cancel: I7, W22


def test_i7_a_cancelled_instance_leaves_no_open_work(waiting, bob, chief):
    lifecycle.cancel_instance(waiting.instance, by=chief, reason="Asked twice")
    row = fresh(waiting)
    instance = row.instance
    assert (row.status, instance.status) == ("cancelled", "terminated")
    assert (instance.close_reason, instance.marking) == ("Asked twice", {})
    assert instance.closed_at is not None
    assert not Timer.objects.filter(state__in=("pending", "paused")).exists()
    events = AuditEvent.objects.of_instance(instance.pk).values_list(
        "action", "status_from", "status_to"
    )
    assert list(events)[-2:] == [
        ("workitem.cancelled", "inactive", "cancelled"),
        ("instance.terminated", "running", "terminated"),
    ]
    with pytest.raises(WorkItemClosed):
        row.activate(bob)


def test_cancelling_ends_the_subflows_too(installed, alice, chief):
    nested(installed)
    item = start(alice)
    do(item, alice)
    [child] = at(item.instance, "sub").children.all()
    lifecycle.cancel_instance(item.instance, by=chief, reason="No need")
    child.refresh_from_db()
    assert (child.status, child.close_reason) == ("terminated", "No need")
    assert standing(child) == [("check", "cancelled")]
    assert at(item.instance, "sub").status == "cancelled"


def test_the_requester_cancels_only_where_the_process_says_so(installed, alice):
    installed(approval())
    first = start(alice)
    with pytest.raises(InstanceNotAllowed):
        lifecycle.cancel_instance(first.instance, by=alice, reason="Never mind")

    installed(
        process(
            A("ask", "Ask"),
            END,
            ways=(T("ask", "end", "Go"),),
            code="own",
            requester_may_cancel=True,
        )
    )
    item = start(alice, code="own")
    lifecycle.cancel_instance(item.instance, by=alice, reason="Never mind")
    assert fresh(item).instance.status == "terminated"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001, "a\x00b"])
def test_a_cancellation_has_a_reason_that_can_be_stored(waiting, chief, reason):
    before = state_of(waiting)
    with pytest.raises((ReasonInvalid, DataInvalid)):
        lifecycle.cancel_instance(waiting.instance, by=chief, reason=reason)
    assert state_of(waiting) == before


# What is not in the table is refused


VERBS = {
    "suspend": lambda instance, by: lifecycle.suspend_instance(instance, by=by),
    "resume": lambda instance, by: lifecycle.resume_instance(instance, by=by),
    "cancel": lambda instance, by: lifecycle.cancel_instance(
        instance, by=by, reason="x"
    ),
    "start": lambda instance, by: starting.start_instance(instance, by=by),
}
ALLOWED = {
    ("initiated", "cancel"),
    ("initiated", "start"),
    ("running", "suspend"),
    ("running", "cancel"),
    ("suspended", "resume"),
    ("suspended", "cancel"),
}


REFUSED = [
    (status, verb)
    for status in ProcessInstance.Status.values
    for verb in VERBS
    if (status, verb) not in ALLOWED
]


@pytest.mark.parametrize(("status", "verb"), REFUSED)
def test_r39_every_other_move_of_an_instance_is_refused(
    installed, alice, chief, status, verb
):
    installed(approval())
    item = start(alice)
    ProcessInstance.objects.filter(pk=item.instance_id).update(status=status)
    before = state_of(item)
    closed = status in {"complete", "terminated"}
    with pytest.raises(InstanceClosed if closed else InstanceState):
        VERBS[verb](fresh(item).instance, chief)
    assert state_of(item) == before


@pytest.mark.parametrize("verb", ["suspend", "resume", "cancel"])
def test_r65_nobody_without_the_right_manages_instances(waiting, alice, bob, verb):
    before = state_of(waiting)
    for person in (alice, bob):
        with pytest.raises(InstanceNotAllowed):
            VERBS[verb](waiting.instance, person)
    assert state_of(waiting) == before


def test_i2_i3_an_instance_can_be_prepared_and_started_later(installed, alice, bob):
    installed(approval())
    instance = ProcessInstance.objects.start(
        "test", alice, start(alice).wfobject(), deferred=True
    )
    assert (instance.status, standing(instance)) == ("initiated", [])
    with pytest.raises(ProcessNotAllowed):
        starting.start_instance(instance, by=bob)
    item = starting.start_instance(instance, by=alice)
    assert (item.activity.key, item.user) == ("ask", alice)
    actions = [event.action for event in AuditEvent.objects.of_instance(instance.pk)]
    assert actions[:3] == [
        "instance.created",
        "process.started",
        "instance.status_changed",
    ]


# What it costs


@pytest.mark.parametrize("size", [1, 40])
def test_b20_the_statements_do_not_grow_with_the_work(installed, alice, chief, size):
    installed(parallel())
    item = start(alice)
    do(item, alice)
    template = at(item.instance, "security")
    for _ in range(size):
        WorkItem.objects.create(
            instance=item.instance, activity=template.activity, status="inactive"
        )
    counted = []
    for verb in ("suspend", "resume", "cancel"):
        chief = User.objects.get(pk=chief.pk)
        chief.has_perm("workflow.can_manage_instances")  # kept by Django afterwards
        with statements() as seen:
            VERBS[verb](item.instance, chief)
        counted.append(len(seen.seen))
    assert counted == [3, 3, 4]


@pytest.mark.parametrize("killed_after", [1, 2, 3, 4])
def test_b10_a_cancellation_that_dies_leaves_all_as_it_was(
    waiting, chief, killed_after
):
    chief.has_perm("workflow.can_manage_instances")
    before = state_of(waiting)
    with pytest.raises(Killed), statements(stop_after=killed_after):
        lifecycle.cancel_instance(waiting.instance, by=chief, reason="x")
    assert state_of(waiting) == before


def test_work_that_was_claimed_is_given_back_on_resume(waiting, bob, chief):
    handing.claim_work_item(waiting, by=bob)
    lifecycle.suspend_instance(waiting.instance, by=chief)
    lifecycle.resume_instance(waiting.instance, by=chief)
    assert (fresh(waiting).user, fresh(waiting).status) == (bob, "inactive")


def test_three_levels_of_suspension_are_taken_back_one_by_one(installed, alice, chief):
    inner = process(
        A("check", "Check"),
        END,
        ways=(T("check", "end", "x"),),
        code="inner",
        begin="check",
    )
    middle = process(
        A("in", "In", kind="subflow", subflow="inner"),
        END,
        ways=(T("in", "end", "x"),),
        code="middle",
        begin="in",
    )
    outer = process(
        A("ask", "Ask"),
        A("sub", "Sub", kind="subflow", subflow="middle"),
        END,
        ways=(T("ask", "sub", "x"), T("sub", "end", "x")),
    )
    for data in (inner, middle, outer):
        installed(data)
    item = start(alice)
    do(item, alice)
    child = at(item.instance, "sub").children.get()
    below = at(child, "in").children.get()
    levels = [below, child, item.instance]

    for one in levels:
        lifecycle.suspend_instance(one, by=chief)
    for number, one in enumerate(reversed(levels), 1):
        lifecycle.resume_instance(one, by=chief)
        states = [
            ProcessInstance.objects.get(pk=row.pk).status for row in reversed(levels)
        ]
        assert states == ["running"] * number + ["suspended"] * (3 - number)
    assert standing(below) == [("check", "inactive")]


def test_relatives_that_a_filter_hides_move_with_the_instance(
    installed, alice, chief, settings
):
    nested(installed)
    item = start(alice)
    do(item, alice)
    child = at(item.instance, "sub").children.get()

    def hides_parents(queryset, request=None, user=None):
        if queryset.model is ProcessInstance:
            return queryset.exclude(parent_workitem=None)
        return queryset

    settings.GOFLOW_TENANT_FILTER = hides_parents
    lifecycle.suspend_instance(child, by=chief)
    lifecycle.resume_instance(child, by=chief)
    with pytest.raises(InstanceNotFound):
        lifecycle.suspend_instance(item.instance, by=chief)
    lifecycle.cancel_instance(child, by=chief, reason="x")
    assert at(item.instance, "sub").status == "fallout"


def test_without_audit_a_prepared_instance_is_written(installed, alice, settings):
    settings.GOFLOW_AUDIT_ENABLED = False
    installed(approval())
    instance = ProcessInstance.objects.start(
        "test", alice, start(alice).wfobject(), deferred=True
    )
    assert ProcessInstance.objects.get(pk=instance.pk).status == "initiated"

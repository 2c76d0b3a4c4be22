"""A person finishes a work item, and its token goes on."""

import pytest

from tests.workflow.conftest import Killed, statements
from tests.workflow.processes import (
    approval,
    at,
    do,
    sent_for_approval,
    standing,
    start,
)
from workflow.errors import (
    DataInvalid,
    NoMatch,
    NotHolder,
    OutcomeTooLong,
    WorkItemClosed,
    WorkItemConflict,
    WorkItemState,
)
from workflow.models import AuditEvent, ProcessInstance, Timer, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


def test_an_approval_leads_to_the_end(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)

    do(item, bob, "APPROVED")

    instance = ProcessInstance.objects.get(pk=item.instance_id)
    assert (instance.status, instance.condition) == ("complete", "APPROVED")
    assert instance.closed_at == item.completed_at
    assert instance.marking == {"at": {}, "waiting": {}, "rounds": {}}
    assert standing(instance) == [
        ("ask", "complete"),
        ("approve", "complete"),
        ("end", "complete"),
    ]


def test_r21_the_callers_object_shows_the_new_state_after_every_call(
    installed, alice, bob
):
    installed(approval())
    item = sent_for_approval(alice, bob)

    item.activate(bob)
    assert (item.status, item.user_id, item.version) == ("active", bob.pk, 1)
    item.complete(bob, condition="APPROVED")
    assert (item.status, item.condition, item.version) == ("complete", "APPROVED", 2)
    assert item.instance.status == "complete"
    fresh = WorkItem.objects.get(pk=item.pk)
    for name in ("status", "user_id", "condition", "completed_at", "forwarded_at"):
        assert getattr(fresh, name) == getattr(item, name)


def test_a_refused_answer_goes_back_to_the_asker(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)

    do(item, bob, "REJECTED")

    assert standing(item.instance)[-1] == ("ask", "inactive")
    assert item.instance.status == "running"


def test_r20_a_work_item_remembers_where_its_token_came_from(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)

    do(item, bob, "APPROVED")

    assert at(item.instance, "approve").workitem_from == at(item.instance, "ask")
    assert at(item.instance, "end").workitem_from == at(item.instance, "approve")
    assert at(item.instance, "ask").workitem_from is None


def test_an_answer_that_leads_nowhere_lists_the_accepted_ones(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    item.activate(bob)
    events = AuditEvent.objects.count()

    with pytest.raises(NoMatch) as refusal:
        item.complete(bob, condition="MAYBE")

    assert refusal.value.extra["accepted"] == [
        {"value": "APPROVED", "label": "Approve"},
        {"value": "REJECTED", "label": "Refuse"},
    ]
    assert WorkItem.objects.get(pk=item.pk).status == "active"
    assert AuditEvent.objects.count() == events


def test_r8_somebody_else_cannot_finish_it_and_nothing_changes(
    installed, alice, bob, carol
):
    installed(approval())
    item = sent_for_approval(alice, bob)
    item.activate(bob)
    before = WorkItem.objects.filter(pk=item.pk).values().get()

    with pytest.raises(NotHolder):
        item.complete(carol, condition="APPROVED")

    assert WorkItem.objects.filter(pk=item.pk).values().get() == before


def test_an_item_nobody_has_begun_cannot_be_finished(installed, alice):
    installed(approval())
    item = start(alice)
    with pytest.raises(WorkItemState):
        item.complete(alice)


def test_r7_a_second_completion_is_a_conflict(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    same = WorkItem.objects.get(pk=item.pk)
    do(item, bob, "APPROVED")

    with pytest.raises(WorkItemClosed) as refusal:
        same.complete(bob, condition="REJECTED")

    assert isinstance(refusal.value, WorkItemConflict)
    assert refusal.value.status == 409
    assert len(standing(item.instance)) == 3


def test_r14_an_outcome_has_at_most_255_characters(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    item.activate(bob)
    with pytest.raises(OutcomeTooLong):
        item.complete(bob, condition="x" * 256)
    with pytest.raises(NoMatch):
        item.complete(bob, condition="x" * 255)


@pytest.mark.parametrize(
    "data",
    [
        {"a": "nul \x00"},
        {"a\x00": 1},
        {"a": float("nan")},
        {"a": [float("inf")]},
        {"a": "\ud800"},
        {"a": "x" * 70_000},
    ],
)
def test_data_that_cannot_be_stored_are_refused(installed, alice, data):
    installed(approval())
    item = start(alice)
    item.activate(alice)
    with pytest.raises(DataInvalid):
        item.complete(alice, data=data)
    assert WorkItem.objects.get(pk=item.pk).status == "active"


def test_data_are_kept_on_the_instance(installed, alice, bob):
    installed(approval())
    item = start(alice, data={"days": 5, "place": "sea"})
    item.activate(alice)
    item.complete(alice, data={"days": 6})
    instance = ProcessInstance.objects.get(pk=item.instance_id)
    assert instance.data == {"days": 6, "place": "sea"}


def test_completing_drops_the_pending_timeout(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    assert Timer.objects.filter(workitem=item).get().state == "pending"
    do(item, bob, "APPROVED")
    assert Timer.objects.filter(workitem=item).get().state == "dropped"


def test_every_move_is_audited_in_order(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    do(item, bob, "APPROVED")

    events = AuditEvent.objects.of_instance(item.instance_id)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.action for event in events] == [
        "process.started",
        "instance.status_changed",
        "workitem.created",
        "workitem.assigned",
        "workitem.activated",
        "workitem.completed",
        "workitem.forwarded",
        "workitem.created",
        "workitem.assigned",
        "workitem.activated",
        "workitem.completed",
        "workitem.forwarded",
        "workitem.created",
        "workitem.completed",
        "instance.status_changed",
    ]
    last = events[len(events) - 1]
    assert (last.status_from, last.status_to) == ("running", "complete")
    assert {event.tenant_id for event in events} == {item.tenant_id}
    assert item.tenant_id


def test_b1_each_step_is_at_most_five_statements(
    installed, alice, bob, both_strategies
):
    installed(approval())
    sent_for_approval(alice, bob)

    with statements() as starting:
        item = start(alice)
    with statements() as activating:
        item.activate(alice)
    with statements() as completing:
        item.complete(alice)

    # The document of the test is one of the first three.
    assert len(starting.seen) == 3
    assert len(activating.seen) == 2
    assert len(completing.seen) == 2


@pytest.mark.parametrize("killed_after", [1, 2])
def test_r2_a_step_that_dies_leaves_no_row_of_it(installed, alice, bob, killed_after):
    installed(approval())
    item = sent_for_approval(alice, bob)
    item.activate(bob)
    before = state_of(item)

    with pytest.raises(Killed), statements(stop_after=killed_after):
        item.complete(bob, condition="APPROVED")

    assert state_of(item) == before


@pytest.mark.parametrize("killed_after", [2, 3])
def test_r2_a_start_that_dies_leaves_no_row_of_it(installed, alice, killed_after):
    installed(approval())
    start(alice)
    counts = [
        model.objects.count() for model in (ProcessInstance, WorkItem, AuditEvent)
    ]

    with pytest.raises(Killed), statements(stop_after=killed_after):
        start(alice)

    after = [model.objects.count() for model in (ProcessInstance, WorkItem, AuditEvent)]
    assert after == counts


def state_of(item: WorkItem) -> list[list[dict[str, object]]]:
    """Return every row that belongs to the instance of a work item."""
    tables = (
        ProcessInstance.objects.filter(pk=item.instance_id),
        WorkItem.objects.filter(instance=item.instance_id),
        Timer.objects.filter(instance=item.instance_id),
        AuditEvent.objects.filter(instance_id=item.instance_id),
    )
    return [list(rows.order_by("pk").values()) for rows in tables]

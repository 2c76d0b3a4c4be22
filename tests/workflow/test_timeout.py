"""Nobody answers in time: the timeout takes the token on, once."""

from datetime import timedelta

import pytest

from kernel import clock
from tests.workflow.conftest import Killed, statements
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
from workflow import timers
from workflow.errors import WorkItemClosed
from workflow.models import AuditEvent, Timer, WorkItem

pytestmark = pytest.mark.usefixtures("frozen_clock", "both_strategies")

THREE_DAYS = timedelta(days=3)


def waiting(installed, alice, bob) -> WorkItem:
    installed(approval())
    return sent_for_approval(alice, bob)


def test_r3_a_timeout_fires_when_its_time_has_passed(installed, alice, bob):
    item = waiting(installed, alice, bob)
    assert timers.next_due() == item.available_at + THREE_DAYS

    clock.advance(THREE_DAYS - timedelta(microseconds=1))
    assert timers.run_due(10) == 0
    clock.advance(timedelta(microseconds=1))
    assert timers.run_due(10) == 1
    assert timers.run_due(10) == 0

    assert standing(item.instance) == [
        ("ask", "complete"),
        ("approve", "expired"),
        ("escalate", "inactive"),
    ]
    assert timers.next_due() is None


def test_a_timeout_is_audited_as_the_work_of_the_engine(installed, alice, bob):
    item = waiting(installed, alice, bob)
    clock.advance(THREE_DAYS)
    timers.run_due(10)

    events = AuditEvent.objects.of_instance(item.instance_id)
    told = [(event.action, event.actor_label) for event in events][-3:]
    assert told == [
        ("workitem.timeout", "Workflow"),
        ("workitem.forwarded", "Workflow"),
        ("workitem.created", "Workflow"),
    ]


def test_r4_a_look_with_nothing_due_writes_nothing_and_is_one_statement(
    installed, alice, bob
):
    item = waiting(installed, alice, bob)
    before = state_of(item)
    with statements() as looking:
        assert timers.run_due(10) == 0
    assert len(looking.seen) == 1
    assert state_of(item) == before


def test_r5_the_cost_of_a_look_does_not_depend_on_open_items(installed, alice, bob):
    installed(approval())
    for _ in range(5):
        sent_for_approval(alice, bob)
    with statements() as looking:
        timers.run_due(10)
    assert len(looking.seen) == 1


def test_b1_firing_is_at_most_five_statements(installed, alice, bob):
    waiting(installed, alice, bob)
    clock.advance(THREE_DAYS)
    with statements() as firing:
        timers.run_due(1)
    assert len(firing.seen) == 4


def test_r37_saving_or_activating_does_not_move_the_timeout(installed, alice, bob):
    item = waiting(installed, alice, bob)
    due_at = Timer.objects.get(workitem=item).due_at
    clock.advance(timedelta(days=2))
    item.activate(bob)
    item.save()
    assert Timer.objects.get(workitem=item).due_at == due_at
    assert item.due_at == due_at

    clock.advance(timedelta(days=1))
    assert timers.run_due(10) == 1
    assert at(item.instance, "approve").status == "expired"


def test_r35_an_item_that_nobody_holds_times_out_and_leaves_no_orphan(
    installed, alice, bob
):
    item = waiting(installed, alice, bob)
    assert item.user_id is None
    clock.advance(THREE_DAYS)
    timers.run_due(10)
    live = WorkItem.objects.filter(instance=item.instance).open()
    assert [row.activity.key for row in live] == ["escalate"]


def test_r36_an_expired_item_is_gone_from_the_list_and_refuses_answers(
    installed, alice, bob
):
    item = waiting(installed, alice, bob)
    item.activate(bob)
    clock.advance(THREE_DAYS)
    timers.run_due(10)

    assert item.pk not in WorkItem.objects.takeable_by(bob).values_list("pk", flat=True)
    with pytest.raises(WorkItemClosed):
        item.complete(bob, condition="APPROVED")
    assert len(standing(item.instance)) == 3


def test_r38_an_item_that_fell_out_does_not_time_out(installed, alice, bob):
    from workflow.automatic import fall_out

    item = waiting(installed, alice, bob)
    fall_out(item.pk, kind="auto.failed", problem=ValueError("x"))
    clock.advance(THREE_DAYS)
    timers.run_due(10)
    assert at(item.instance, "approve").status == "fallout"


def test_forward_takes_a_timeout_only_when_it_is_due(installed, alice, bob):
    item = waiting(installed, alice, bob)
    item.forward(timeout_forwarding=True)
    assert item.status == "inactive"
    clock.advance(THREE_DAYS)
    item.forward(timeout_forwarding=True)
    assert item.status == "expired"


def test_a_process_that_is_switched_off_waits_and_fires_later(installed, alice, bob):
    item = waiting(installed, alice, bob)
    process_row = item.instance.process
    process_row.enabled = False
    process_row.save(update_fields=["enabled"])
    clock.advance(THREE_DAYS)
    assert timers.run_due(10) == 0
    assert timers.next_due() is None

    process_row.enabled = True
    process_row.save(update_fields=["enabled"])
    assert timers.run_due(10) == 1


@pytest.mark.parametrize("killed_after", [1, 2, 3, 4])
def test_r2_a_firing_that_dies_leaves_no_row_of_it(installed, alice, bob, killed_after):
    item = waiting(installed, alice, bob)
    clock.advance(THREE_DAYS)
    before = state_of(item)
    with pytest.raises(Killed), statements(stop_after=killed_after):
        timers.run_due(1)
    assert state_of(item) == before
    assert timers.run_due(1) == 1


def hooked(**hooks):
    return process(
        A("ask", "Ask"),
        A("late", "Late"),
        END,
        ways=(
            T("ask", "end", "Done"),
            T("ask", "late", "Late", "timeout:1h", **hooks),
            T("late", "end", "Close"),
        ),
    )


def test_r61_a_hook_may_veto_a_timeout_and_the_item_stays(installed, alice):
    installed(hooked(pre_hook="tests.before"))
    item = start(alice)
    clock.advance(timedelta(hours=1))
    with behaving(before=lambda *_: False):
        assert timers.run_due(10) == 1
    assert standing(item.instance) == [("ask", "inactive")]
    assert timers.run_due(10) == 0
    do(item, alice)
    assert item.instance.status == "complete"


def test_a_timeout_whose_hook_fails_is_shown_and_not_tried_for_ever(installed, alice):
    installed(hooked(post_hook="tests.after"))
    item = start(alice)
    clock.advance(timedelta(hours=1))

    def fails(*_args):
        raise ValueError("secret")

    with behaving(after=fails):
        timers.run_due(10)

    assert standing(item.instance) == [("ask", "fallout")]
    event = AuditEvent.objects.get(action="workitem.fallout")
    assert event.metadata["kind"] == "handler.failed"
    assert "tests.after" in event.metadata["message"]
    assert "secret" not in event.metadata["message"]
    clock.advance(timedelta(days=9))
    assert timers.run_due(10) == 0

"""A step that is killed at any statement has happened wholly or not at all (B10)."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from tests.workflow.conftest import Killed, statements
from tests.workflow.processes import at, do, standing, start
from tests.workflow.test_complete import state_of
from tests.workflow.trials import races
from tests.workflow.trials.marking import require_whole
from tests.workflow.trials.races import Cast
from workflow import automatic, handing, lifecycle, timers
from workflow.models import ProcessInstance, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture
def cast(in_acme, alice, bob, carol) -> Cast:
    for name in ("can_manage_instances", "can_reassign"):
        carol.user_permissions.add(Permission.objects.get(codename=name))
    races.prepare()
    carol = User.objects.get(pk=carol.pk)
    carol.has_perm("workflow.can_reassign")
    return Cast(alice, bob, carol)


def activate(cast: Cast):
    item = start(cast.alice, "one")
    return item, lambda: item.activate(cast.alice)


def complete(cast: Cast):
    item = races.waiting(cast)
    return item, lambda: item.complete(cast.bob, condition="APPROVED")


def arrive(cast: Cast):
    first = start(cast.alice, "join")
    do(first, cast.alice)
    one, two = at(first.instance, "security"), at(first.instance, "finance")
    do(one, cast.alice)
    two.activate(cast.bob)
    return two, lambda: two.complete(cast.bob)


def begin_child(cast: Cast):
    item = start(cast.alice, "outer")
    item.activate(cast.alice)
    return item, lambda: item.complete(cast.alice)


def expire(cast: Cast):
    item = races.waiting(cast)
    timer = item.timers.get(kind="timeout")
    type(timer).objects.filter(pk=timer.pk).update(due_at=item.created_at)
    return item, lambda: timers.fire_due_of(item)


def reassign(cast: Cast):
    item = races.waiting(cast)
    return item, lambda: handing.reassign_work_item(item, to=cast.alice, by=cast.carol)


def suspend(cast: Cast):
    item = begin_child(cast)[0]
    item.complete(cast.alice)
    return item, lambda: lifecycle.suspend_instance(item.instance, by=cast.carol)


def cancel(cast: Cast):
    item = begin_child(cast)[0]
    item.complete(cast.alice)
    return item, lambda: lifecycle.cancel_instance(
        item.instance, by=cast.carol, reason="x"
    )


def fall_out(cast: Cast):
    item = races.waiting(cast)
    return item, lambda: automatic.fall_out(
        item.pk, kind="auto.failed", problem=ValueError()
    )


STEPS = (
    activate,
    complete,
    arrive,
    begin_child,
    expire,
    reassign,
    suspend,
    cancel,
    fall_out,
)


def whole_state(instance_id: int) -> list[object]:
    """Return every row of an instance and of its subflows."""
    tree = ProcessInstance.objects.filter(pk=instance_id)
    tree |= ProcessInstance.objects.filter(root=instance_id)
    items = (WorkItem(instance_id=one.pk) for one in tree.order_by("pk"))
    return [state_of(item) for item in items]


def shape(instance_id: int) -> list[object]:
    """Return what can be compared of two runs: the states, without numbers."""
    tree = ProcessInstance.objects.filter(pk=instance_id)
    tree |= ProcessInstance.objects.filter(root=instance_id)
    return [(one.status, one.audit_seq, standing(one)) for one in tree.order_by("pk")]


@pytest.mark.parametrize("prepare", STEPS, ids=lambda one: one.__name__)
def test_b10_killed_after_any_statement_nothing_is_half_written(cast, prepare):
    prepare(cast)[1]()  # reads the graphs
    item, step = prepare(cast)
    with statements() as all_of_them:
        step()
    count, after = len(all_of_them.seen), shape(item.instance_id)
    assert count >= 2

    undone = 0
    for number in range(1, count + 1):
        item, step = prepare(cast)
        before = whole_state(item.instance_id)
        with pytest.raises(Killed), statements(stop_after=number):
            step()
        is_undone = whole_state(item.instance_id) == before
        assert is_undone or shape(item.instance_id) == after, number
        undone += is_undone
        require_whole(ProcessInstance.objects.get(pk=item.instance_id))
    assert undone >= 2

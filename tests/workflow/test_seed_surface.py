"""The seed's Python surface: the same names, and no state changed by looking."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    do,
    process,
    sent_for_approval,
    start,
)
from tests.workflow.test_complete import state_of
from workflow.errors import (
    NotAllowed,
    NotCandidate,
    ProcessDisabled,
    WorkItemClosed,
    WorkItemHeld,
    WorkItemNotFound,
)
from workflow.models import AuditEvent, Process, WorkItem
from workflow.priorities import change_priority

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture
def offered(installed, alice, bob) -> WorkItem:
    installed(approval(roles=("Managers",)))
    return sent_for_approval(alice, bob)


def test_get_safe_returns_what_a_person_may_work_on(offered, bob):
    before = state_of(offered)
    assert WorkItem.objects.get_safe(offered.pk, user=bob) == offered
    assert WorkItem.objects.get_safe(offered.pk) == offered
    assert state_of(offered) == before


def test_r8_get_safe_refuses_and_changes_nothing(offered, alice, bob, carol):
    before = state_of(offered)
    with pytest.raises(NotCandidate):
        WorkItem.objects.get_safe(offered.pk, user=carol)
    for nothing in (offered.pk + 999, 2**70, -1):
        with pytest.raises(WorkItemNotFound):
            WorkItem.objects.get_safe(nothing)
    with pytest.raises(WorkItemClosed):
        WorkItem.objects.get_safe(at(offered.instance, "ask").pk, user=alice)
    assert state_of(offered) == before
    offered.activate(bob)
    with pytest.raises(WorkItemHeld):
        WorkItem.objects.get_safe(offered.pk, user=carol)
    Process.objects.filter(pk=offered.instance.process_id).update(enabled=False)
    with pytest.raises(ProcessDisabled):
        WorkItem.objects.get_safe(offered.pk, user=bob, enabled_only=True)


def test_r11_set_user_takes_or_says_no(offered, bob, carol):
    before = state_of(offered)
    assert offered.check_user(bob)
    assert not offered.check_user(carol)
    assert offered.set_user(carol) is False
    assert offered.set_user(bob, commit=False) is True
    assert state_of(offered) == before

    fresh = WorkItem.objects.get(pk=offered.pk)
    assert fresh.set_user(bob) is True
    assert (fresh.user, WorkItem.objects.get(pk=fresh.pk).user) == (bob, bob)
    assert fresh.set_user(carol) is False
    assert WorkItem.objects.get(pk=fresh.pk).user == bob


def test_r41_list_safe_filters_held_and_offered_items_by_activity(offered, alice, bob):
    second = sent_for_approval(alice, bob)
    second.activate(bob)
    start(bob)
    listed = WorkItem.objects.list_safe(user=bob, activity=offered.activity)
    assert set(listed) == {offered, second}
    assert set(WorkItem.objects.list_safe(bob, activity="Approve")) == {offered, second}
    assert WorkItem.objects.list_safe(username="bob").count() == 3
    assert not WorkItem.objects.list_safe(username="nobody").exists()
    assert set(WorkItem.objects.list_safe(bob, status="active")) == {second}


def test_list_safe_leaves_out_what_is_over_unless_asked(offered, alice, bob):
    WorkItem.objects.filter(pk=offered.pk).update(status="expired", user=bob)
    assert not WorkItem.objects.list_safe(user=bob).exists()
    assert not WorkItem.objects.list_safe(user=bob, notstatus=()).filter(pk=offered.pk)
    assert offered in WorkItem.objects.list_safe(user=bob, status=("expired",))


def test_r86_who_is_in_many_groups_sees_each_item_once(installed, alice, bob):
    from django.contrib.auth.models import Group

    names = [f"Group {number}" for number in range(12)]
    for name in names:
        Group.objects.create(name=name).user_set.add(bob)
    installed(approval(roles=tuple(names)))
    item = sent_for_approval(alice, bob)
    assert list(WorkItem.objects.list_safe(user=bob)) == [item]
    assert list(WorkItem.objects.takeable_by(bob)) == [item]


def test_automatic_work_is_left_out_unless_asked(installed, alice):
    installed(
        process(
            A("ask", "Ask"),
            A("auto", "Auto", autostart=True, application="tests.auto"),
            END,
            ways=(T("ask", "auto", "a"), T("auto", "end", "b")),
        )
    )
    item = start(alice)
    do(item, alice)
    done = {"status": "complete"}
    assert set(WorkItem.objects.list_safe(**done)) == {item}
    assert WorkItem.objects.list_safe(noauto=False, **done).count() == 3


def test_r64_allowed_users_and_allowed_groups_each_restrict(installed, alice, bob):
    installed(approval("by-name", allowed_users=("bob",)))
    installed(approval("by-group", allowed_groups=("Managers",)))
    for code in ("by-name", "by-group"):
        item = start(alice, code)
        do(item, alice)
        waiting = at(item.instance, "approve")
        assert waiting in WorkItem.objects.takeable_by(bob)
        assert waiting not in WorkItem.objects.takeable_by(alice)
        with pytest.raises(NotCandidate):
            waiting.activate(alice)
        waiting.activate(bob)
        waiting.complete(bob, condition="APPROVED")


def test_r74_the_priority_is_changed_by_who_may(offered, bob, carol):
    with pytest.raises(NotAllowed):
        change_priority(offered, priority=7, by=bob)
    carol.user_permissions.add(Permission.objects.get(codename="can_change_priority"))
    carol = User.objects.get(pk=carol.pk)
    assert offered.can_priority_change(carol)
    assert not offered.can_priority_change(bob)
    assert not offered.can_priority_change()
    change_priority(offered, priority=7, by=carol)
    assert WorkItem.objects.get(pk=offered.pk).priority == 7
    event = AuditEvent.objects.of_instance(offered.instance_id).last()
    assert (event.action, event.metadata) == (
        "workitem.priority_changed",
        {"before": 0, "now": 7},
    )
    assert list(offered.events)[-1] == event

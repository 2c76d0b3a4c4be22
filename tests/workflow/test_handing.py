"""Work changes hands: claimed, released, reassigned, delegated and returned."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from tests.workflow.conftest import statements
from tests.workflow.processes import (
    approval,
    do,
    sent_for_approval,
    sent_to,
    start,
)
from tests.workflow.test_complete import state_of
from workflow import handing, provisioning
from workflow.errors import (
    AssigneeInvalid,
    AssigneeNotCandidate,
    InstanceState,
    NotAllowed,
    NotCandidate,
    NotHolder,
    ProcessDisabled,
    WorkItemClosed,
    WorkItemConflict,
    WorkItemHeld,
    WorkItemState,
)
from workflow.models import AuditEvent, ProcessInstance, Timer, WorkItem
from workflow.models.work_item import STATUSES
from workflow.story import timeline

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture(scope="module")
def sent(sharing, both_strategies) -> Iterator[WorkItem]:
    with sent_to(sharing, "Managers") as item:
        yield item


@pytest.fixture
def offered(sent, in_acme) -> WorkItem:
    """Return work that waits for one of the managers."""
    return deepcopy(sent)


@pytest.fixture
def held(offered, bob) -> WorkItem:
    return handing.claim_work_item(offered, by=bob)


@pytest.fixture
def boss(carol) -> User:
    """Return somebody who may give work to others, and is no manager."""
    carol.user_permissions.add(Permission.objects.get(codename="can_reassign"))
    carol.user_permissions.add(Permission.objects.get(codename="can_view_others_work"))
    return User.objects.get(pk=carol.pk)


def story(item: WorkItem) -> list[str]:
    events = AuditEvent.objects.of_instance(item.instance_id)
    return [event.action for event in events.filter(workitem_id=item.pk)]


def told(item: WorkItem) -> int:
    return Timer.objects.filter(workitem=item, kind="notice").count()


# Claim: W6


def test_w6_a_candidate_holds_an_item_without_starting_on_it(offered, bob):
    handing.claim_work_item(offered, by=bob)
    row = WorkItem.objects.get(pk=offered.pk)
    assert (row.status, row.user, row.activated_at) == ("inactive", bob, None)
    event = AuditEvent.objects.of_instance(row.instance_id).last()
    assert event.action == "workitem.assigned"
    assert event.metadata == {"mode": "claim", "user_id": bob.pk}
    assert told(row) == 0


def test_claiming_twice_changes_nothing(held, bob):
    before = state_of(held)
    handing.claim_work_item(held, by=bob)
    assert state_of(held) == before


def test_r8_only_candidates_claim_and_nobody_what_another_holds(held, bob, carol):
    before = state_of(held)
    with pytest.raises(WorkItemHeld):
        handing.claim_work_item(held, by=carol)
    assert state_of(held) == before
    handing.release_work_item(held, by=bob)
    with pytest.raises(NotCandidate):
        handing.claim_work_item(held, by=carol)
    assert (held.status, held.user_id) == ("inactive", None)


# Release: W12


@pytest.mark.parametrize("is_active", [False, True])
def test_w12_what_is_released_is_offered_to_its_roles_again(held, bob, is_active):
    if is_active:
        held.activate(bob)
    handing.release_work_item(held, by=bob)
    row = WorkItem.objects.get(pk=held.pk)
    assert (row.status, row.user) == ("inactive", None)
    assert story(row)[-1] == "workitem.released"
    assert row in WorkItem.objects.offered_to(bob)
    do(row, bob, "APPROVED")
    assert row.instance.status == "complete"


def test_what_was_pushed_is_offered_to_its_roles_when_it_is_released(
    installed, alice, bob, carol
):
    """It was never offered, and would be open to everybody without its roles."""
    params = {"username": "bob"}
    installed(
        approval(
            roles=("Managers",),
            push_application="route_to_user",
            pushapp_param=params,
        )
    )
    item = sent_for_approval(alice, bob)
    assert item.user_id == bob.pk
    handing.release_work_item(item, by=bob)
    assert list(item.pull_roles.values_list("name", flat=True)) == ["Managers"]
    assert item not in WorkItem.objects.offered_to(carol)
    handing.claim_work_item(item, by=bob)
    handing.release_work_item(item, by=bob)
    assert item.pull_roles.count() == 1


def test_who_may_reassign_takes_an_item_from_its_holder(held, boss):
    handing.release_work_item(held, by=boss)
    assert held.user_id is None


def test_others_release_nothing(held, alice):
    before = state_of(held)
    with pytest.raises(NotHolder):
        handing.release_work_item(held, by=alice)
    assert state_of(held) == before


def test_what_nobody_holds_or_nobody_else_could_take_is_not_released(
    offered, boss, alice
):
    with pytest.raises(WorkItemState, match="Nobody holds"):
        handing.release_work_item(offered, by=boss)
    first = start(alice)
    with pytest.raises(WorkItemState, match="Nobody else"):
        handing.release_work_item(first, by=alice)


# Reassign: W13


@pytest.mark.parametrize("status", ["free", "held", "active"])
def test_w13_work_is_given_to_another_candidate(offered, bob, admin, boss, status):
    admin.groups.set(bob.groups.all())
    if status != "free":
        handing.claim_work_item(offered, by=bob)
    if status == "active":
        offered.activate(bob)
    handing.reassign_work_item(offered, to=admin, by=boss)
    row = WorkItem.objects.get(pk=offered.pk)
    assert (row.status, row.user) == ("inactive", admin)
    assert story(row)[-1] == "workitem.reassigned"
    assert told(row) == 1
    do(row, admin, "APPROVED")


def test_only_who_may_reassign_gives_the_work_of_others_away(held, bob, admin, alice):
    before = state_of(held)
    for person in (bob, alice):
        with pytest.raises(NotAllowed):
            handing.reassign_work_item(held, to=admin, by=person)
    assert state_of(held) == before


def test_work_is_reassigned_to_candidates_who_are_there(held, boss, alice, bob):
    before = state_of(held)
    with pytest.raises(AssigneeNotCandidate):
        handing.reassign_work_item(held, to=alice, by=boss)
    bob.is_active = False
    with pytest.raises(AssigneeNotCandidate):
        handing.reassign_work_item(held, to=bob, by=boss)
    assert state_of(held) == before


def test_work_that_is_open_to_all_is_given_to_people_only(installed, alice, bob, boss):
    installed(approval())
    item = sent_for_approval(alice, bob)
    before = state_of(item)
    with pytest.raises(AssigneeNotCandidate):
        handing.reassign_work_item(item, to=provisioning.system_user(), by=boss)
    assert state_of(item) == before


# Delegate: W14 and W15


@pytest.mark.parametrize("is_active", [False, True])
def test_w14_a_delegate_does_the_work_though_no_candidate(held, bob, alice, is_active):
    if is_active:
        held.activate(bob)
    handing.delegate_work_item(held, to=alice, by=bob)
    row = WorkItem.objects.get(pk=held.pk)
    assert (row.status, row.user, row.delegated_by) == ("inactive", alice, bob)
    assert row in WorkItem.objects.held_by(alice)
    do(row, alice, "APPROVED")
    assert row.instance.status == "complete"


def test_w15_what_is_delegated_to_come_back_goes_on_when_the_delegator_is_done(
    held, bob, alice
):
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    held.activate(alice)
    held.complete(alice, condition="REJECTED", data={"seen": True})
    row = WorkItem.objects.get(pk=held.pk)
    assert (row.status, row.user, row.delegated_by) == ("inactive", bob, None)
    assert (row.condition, row.completed_at) == (None, None)
    assert row.instance.data == {"seen": True}
    assert story(row)[-1] == "workitem.returned"
    event = AuditEvent.objects.of_instance(row.instance_id).last()
    assert event.metadata["condition"] == "REJECTED"
    do(row, bob, "APPROVED")
    assert row.instance.status == "complete"


def test_what_has_to_come_back_comes_back_through_every_hand(held, bob, alice, carol):
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    handing.delegate_work_item(held, to=carol, by=alice)
    held.activate(carol)
    held.complete(carol, condition="APPROVED")
    assert (held.status, held.user_id) == ("inactive", bob.pk)


def test_what_comes_back_to_its_own_delegator_on_the_way_stays_there(held, bob, alice):
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    handing.delegate_work_item(held, to=bob, by=alice)
    do(held, bob, "APPROVED")
    assert held.instance.status == "complete"


def test_only_the_holder_delegates_and_to_somebody_else(held, bob, alice, boss):
    before = state_of(held)
    with pytest.raises(NotHolder):
        handing.delegate_work_item(held, to=alice, by=boss)
    alice.is_active = False
    robot = User.objects.get(username="workflow-auto")
    for nobody in (bob, alice, robot):
        with pytest.raises(AssigneeInvalid):
            handing.delegate_work_item(held, to=nobody, by=bob)
    assert state_of(held) == before


def test_released_or_reassigned_work_owes_nothing_to_the_delegator(
    held, bob, alice, boss
):
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    handing.reassign_work_item(held, to=bob, by=boss)
    assert (held.delegated_by_id, held.returns) == (None, False)
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    handing.release_work_item(held, by=alice)
    row = WorkItem.objects.get(pk=held.pk)
    assert (row.delegated_by, row.returns) == (None, False)


def test_the_timeline_tells_whose_hands_work_went_through(held, alice, bob, boss):
    handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    held.activate(alice)
    held.complete(alice, condition="APPROVED")
    handing.release_work_item(held, by=bob)
    handing.reassign_work_item(held, to=bob, by=boss)
    told = [entry.title for entry in timeline(held.instance, reader=alice)]
    assert told[-5:] == [
        "Bob Acme asked Alice Acme to do: Approve",
        "Alice Acme began: Approve",
        "Alice Acme handed back to Bob Acme: Approve",
        "Bob Acme gave back: Approve",
        "Carol Acme gave to Bob Acme: Approve",
    ]


# In every state, and at what price


def verbs(bob, admin, boss):
    return {
        "claim": lambda item: handing.claim_work_item(item, by=bob),
        "release": lambda item: handing.release_work_item(item, by=bob),
        "reassign": lambda item: handing.reassign_work_item(item, to=bob, by=boss),
        "delegate": lambda item: handing.delegate_work_item(item, to=admin, by=bob),
    }


def test_r39_every_state_but_the_open_ones_refuses(held, bob, admin, boss):
    for status in set(STATUSES) - {"inactive", "active"}:
        WorkItem.objects.filter(pk=held.pk).update(status=status)
        before = state_of(held)
        for name, verb in verbs(bob, admin, boss).items():
            with pytest.raises(WorkItemConflict) as caught:
                verb(WorkItem.objects.get(pk=held.pk))
            closed = status in {"complete", "expired", "cancelled"}
            assert isinstance(caught.value, WorkItemClosed) is closed, (name, status)
        assert state_of(held) == before


def test_a_suspended_instance_and_a_disabled_process_refuse(held, bob, admin, boss):
    rows = ProcessInstance.objects.filter(pk=held.instance_id)
    rows.update(status="suspended")
    for verb in verbs(bob, admin, boss).values():
        with pytest.raises(InstanceState):
            verb(held)
    rows.update(status="running")
    held.instance.process.__class__.objects.update(enabled=False)
    for verb in verbs(bob, admin, boss).values():
        with pytest.raises(ProcessDisabled):
            verb(WorkItem.objects.get(pk=held.pk))


def test_work_in_the_wrong_hands_does_not_lose_its_timeout(held, bob, alice):
    due = Timer.objects.get(workitem=held, kind="timeout").due_at
    handing.delegate_work_item(held, to=alice, by=bob)
    handing.release_work_item(held, by=alice)
    timer = Timer.objects.get(workitem=held, kind="timeout")
    assert (timer.state, timer.due_at) == ("pending", due)


def test_b1_a_change_of_hands_takes_at_most_five_statements(offered, bob, admin, boss):
    for name, verb in verbs(bob, admin, boss).items():
        if name == "delegate":
            handing.claim_work_item(offered, by=bob)
        with statements() as counted:
            verb(offered)
        assert len(counted.seen) <= 5, (name, counted.seen)
        if name == "reassign":
            handing.release_work_item(offered, by=bob)

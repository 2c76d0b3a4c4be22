"""Taking a work item: who may, when, and what a refusal leaves behind."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from tests.workflow.processes import (
    approval,
    at,
    do,
    install,
    sent_for_approval,
    sent_to,
    start,
)
from tests.workflow.test_complete import state_of
from workflow import engine
from workflow.automatic import fall_out
from workflow.errors import (
    InstanceState,
    NotCandidate,
    WorkItemClosed,
    WorkItemHeld,
    WorkItemState,
)
from workflow.models import ProcessInstance, WorkItem
from workflow.models.work_item import STATUSES

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture(scope="module")
def sent(sharing, both_strategies) -> Iterator[WorkItem]:
    with sent_to(sharing, "Managers") as item:
        yield item


@pytest.fixture
def offered(sent, in_acme) -> WorkItem:
    return deepcopy(sent)


def test_a_candidate_takes_an_item(offered, bob):
    assert list(offered.pull_roles.values_list("name", flat=True)) == ["Managers"]
    offered.activate(bob)
    row = WorkItem.objects.get(pk=offered.pk)
    assert (row.status, row.user) == ("active", bob)
    assert row.activated_at is not None


def test_r8_others_are_refused_and_nothing_changes(offered, carol):
    before = state_of(offered)
    with pytest.raises(NotCandidate):
        offered.activate(carol)
    assert state_of(offered) == before
    assert offered not in WorkItem.objects.takeable_by(carol)
    assert offered not in WorkItem.objects.visible_to(carol)


def test_w9_activating_again_changes_nothing(offered, bob):
    offered.activate(bob)
    before = state_of(offered)
    offered.activate(bob)
    assert state_of(offered) == before


def test_an_item_that_somebody_holds_is_refused_to_all_others(offered, bob, admin):
    offered.activate(bob)
    admin.is_superuser = True
    before = state_of(offered)
    with pytest.raises(WorkItemHeld):
        WorkItem.objects.get(pk=offered.pk).activate(admin)
    assert state_of(offered) == before


def test_an_item_without_roles_is_open_to_everybody(in_acme, alice, bob, carol):
    install(approval())
    item = sent_for_approval(alice, bob)
    for person in (alice, bob, carol):
        assert item in WorkItem.objects.takeable_by(person)
    item.activate(carol)
    assert item not in WorkItem.objects.takeable_by(bob)


def test_the_requester_goes_on_at_the_begin_whatever_its_roles(in_acme, alice):
    from dataclasses import replace

    data = approval()
    begin = replace(data.activities[0], roles=("HR",))
    install(replace(data, activities=(begin, *data.activities[1:])))
    item = start(alice)
    do(item, alice)
    assert item.status == "complete"


#: What each state answers to activate, complete and forward by the holder.
ALLOWED = {
    ("inactive", "activate"),
    ("active", "activate"),
    ("active", "complete"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verb", ["activate", "complete", "finish"])
def test_r39_every_move_that_is_not_listed_is_refused(offered, bob, status, verb):
    WorkItem.objects.filter(pk=offered.pk).update(status=status, user=bob)
    before = state_of(offered)
    item = WorkItem.objects.get(pk=offered.pk)
    calls = {
        "activate": lambda: item.activate(bob),
        "complete": lambda: item.complete(bob, condition="APPROVED"),
        "finish": lambda: engine.finish_work_item(item, outcome="APPROVED", by=bob),
    }
    is_allowed = (status, verb) in ALLOWED
    if is_allowed or (verb == "finish" and status in {"inactive", "active"}):
        calls[verb]()
        return
    with pytest.raises((WorkItemState, WorkItemClosed)):
        calls[verb]()
    assert state_of(offered) == before


@pytest.mark.parametrize("status", ["suspended", "initiated", "terminated"])
def test_an_instance_that_does_not_run_refuses_work(offered, bob, status):
    ProcessInstance.objects.filter(pk=offered.instance_id).update(status=status)
    with pytest.raises(InstanceState) as refusal:
        offered.activate(bob)
    codes = {"terminated": "instance.closed"}
    assert refusal.value.code == codes.get(status, f"instance.{status}")


def test_an_item_that_fell_out_is_shown_to_those_who_see_all(offered, bob, admin):
    fall_out(offered.pk, kind="auto.failed", problem=ValueError("x"))
    assert at(offered.instance, "approve").status == "fallout"
    assert offered not in WorkItem.objects.takeable_by(bob)
    assert offered in WorkItem.objects.visible_to(admin)
    # A second failure of the same item says nothing new.
    fall_out(offered.pk, kind="auto.failed", problem=ValueError("x"))
    assert at(offered.instance, "approve").status == "fallout"

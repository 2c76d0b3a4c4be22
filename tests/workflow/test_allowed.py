"""What a person is offered is what the engine takes from them: no more and no less."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction

from accounts.models import User
from kernel.errors import ApplicationError
from tests.workflow.processes import END, A, T, approval, at, process, start
from workflow import allowed, engine, handing, lifecycle
from workflow.errors import InstanceClosed
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.models.work_item import STATUSES

VERBS: dict[str, Callable[..., Any]] = {
    "activate": engine.activate_work_item,
    "complete": lambda item, by: engine.complete_work_item(
        item, by=by, outcome="APPROVED"
    ),
    "claim": handing.claim_work_item,
    "release": handing.release_work_item,
    "delegate": handing.delegate_work_item,
    "reassign": handing.reassign_work_item,
    "forward": engine.forward_work_item,
}
GIVING = ("delegate", "reassign")


@pytest.fixture
def boss(carol) -> User:
    """Return somebody who may give work to others and manage instances."""
    for name in ("can_reassign", "can_manage_instances"):
        carol.user_permissions.add(Permission.objects.get(codename=name))
    return User.objects.get(pk=carol.pk)


def taken(item: WorkItem, *, by: User, to: User) -> set[str]:
    """Return the verbs that the engine takes from a person, one after the other."""
    return {name for name in VERBS if is_taken(name, item, by=by, to=to)}


def is_taken(name: str, item: WorkItem, *, by: User, to: User) -> bool:
    """Try a verb and take it back."""
    fresh = WorkItem.objects.get(pk=item.pk)
    verb = VERBS[name]
    try:
        with transaction.atomic():
            verb(fresh, by=by, **({"to": to} if name in GIVING else {}))
            transaction.set_rollback(True)
    except ApplicationError:
        return False
    return True


def told(item: WorkItem, *, by: User) -> set[str]:
    return set(allowed.of_item(WorkItem.objects.get(pk=item.pk), by=by))


def agrees(item: WorkItem, people: list[User], to: User) -> None:
    for person in people:
        fresh = User.objects.get(pk=person.pk)
        offered, done = told(item, by=fresh), taken(item, by=fresh, to=to)
        # The holder claims and activates again without any change.
        again = {"claim", "activate"} if item.user_id == person.pk else set()
        status = WorkItem.objects.get(pk=item.pk).status
        assert offered - again == done - again, (status, person.username)
        assert offered <= done, (status, person.username)


@pytest.fixture
def people(alice, bob, boss) -> list[User]:
    """Return who asks, who may do it, and who may give it to others."""
    return [alice, bob, boss]


# What is done and waits to be sent on has a test of its own.
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"complete"}))
def test_each_state_offers_what_it_takes(installed, people, admin, held, status):
    alice, bob, _boss = people
    installed(approval(roles=("Managers",)))
    admin.groups.set(bob.groups.all())
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    item = at(item.instance, "approve")
    # Nobody begins without holding.
    values = {"status": status, "user": bob if held or status == "active" else None}
    WorkItem.objects.filter(pk=item.pk).update(**values)
    item.refresh_from_db()
    agrees(item, people, to=admin)


@pytest.mark.parametrize("way", ["paused", "off"])
def test_what_is_paused_or_switched_off_offers_nothing(
    installed, alice, bob, boss, way
):
    installed(approval(roles=("Managers",)))
    item = start(alice)
    if way == "off":
        Process.objects.update(enabled=False)
    else:
        ProcessInstance.objects.update(status="suspended")
    agrees(item, [alice, bob, boss], to=bob)
    assert told(item, by=alice) == set()


def test_the_first_piece_is_the_requesters_though_no_candidate(installed, alice, bob):
    data = process(
        A("ask", "Ask", roles=("Managers",)), END, ways=(T("ask", "end", "Send"),)
    )
    installed(data)
    item = start(alice)
    agrees(item, [alice, bob], to=bob)
    handing.release_work_item(item, by=alice)
    agrees(item, [alice, bob], to=bob)
    assert told(item, by=alice) == {"activate", "claim"}


def test_a_delegate_is_offered_the_work_though_no_candidate(
    installed, alice, bob, boss
):
    installed(approval(roles=("Managers",)))
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    item = at(item.instance, "approve")
    handing.claim_work_item(item, by=bob)
    handing.delegate_work_item(item, to=alice, by=bob)
    agrees(item, [alice, bob, boss], to=bob)
    assert told(item, by=alice) == {"activate", "release", "delegate"}


def test_a_holder_who_left_the_role_may_hand_it_on_and_not_begin(
    installed, alice, bob, admin
):
    installed(approval(roles=("Managers",)))
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    item = at(item.instance, "approve")
    handing.claim_work_item(item, by=bob)
    bob.groups.clear()
    item.refresh_from_db()
    assert told(item, by=bob) == {"release", "delegate"}
    assert taken(item, by=bob, to=admin) == {"release", "delegate"}


def test_what_waits_to_be_sent_on_is_offered_to_its_holder_and_who_manages(
    installed, alice, bob, boss
):
    ways = (T("ask", "more", "Go"), T("more", "end", "Close"))
    installed(
        process(A("ask", "Ask", autofinish=False), A("more", "More"), END, ways=ways)
    )
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    agrees(item, [alice, bob, boss], to=bob)
    assert told(item, by=alice) == told(item, by=boss) == {"forward"}
    lifecycle.suspend_instance(item.instance, by=boss)
    agrees(item, [alice, bob, boss], to=bob)
    lifecycle.resume_instance(item.instance, by=boss)
    item.forward(actor=alice)
    agrees(item, [alice, bob, boss], to=bob)


def test_automatic_work_is_nobodys(installed, alice, boss):
    installed(
        process(
            A("ask", "Ask"),
            A("auto", "Auto", autostart=True, application="tests.auto"),
            END,
            ways=(T("ask", "auto", "Go"), T("auto", "end", "Done")),
        )
    )
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    auto = at(item.instance, "auto")
    WorkItem.objects.filter(pk=auto.pk).update(status="inactive", forwarded_at=None)
    ProcessInstance.objects.update(status="running")
    auto.refresh_from_db()
    agrees(auto, [alice, boss], to=boss)
    assert told(auto, by=boss) == set()


# Instances

TREE_VERBS: dict[str, Callable[..., Any]] = {
    "suspend": lifecycle.suspend_instance,
    "resume": lifecycle.resume_instance,
    "cancel": lambda row, by: lifecycle.cancel_instance(row, by=by, reason="Why."),
}


def tree_taken(instance: ProcessInstance, *, by: User) -> set[str]:
    done = set()
    for name, verb in TREE_VERBS.items():
        fresh = ProcessInstance.objects.get(pk=instance.pk)
        try:
            with transaction.atomic():
                verb(fresh, by=by)
                transaction.set_rollback(True)
        except ApplicationError:
            continue
        done.add(name)
    return done


@pytest.mark.parametrize("may", [False, True])
@pytest.mark.parametrize("status", ProcessInstance.Status.values)
def test_each_state_of_an_instance_offers_what_it_takes(installed, people, status, may):
    ways = (T("ask", "end", "Send"),)
    installed(process(A("ask", "Ask"), END, ways=ways, requester_may_cancel=may))
    instance = start(people[0]).instance
    ProcessInstance.objects.filter(pk=instance.pk).update(status=status)
    instance.refresh_from_db()
    for person in people:
        fresh = User.objects.get(pk=person.pk)
        offered = set(allowed.of_instance(instance, by=fresh))
        assert offered == tree_taken(instance, by=fresh), (status, person.username)


def test_a_part_of_what_is_paused_is_resumed_with_it(installed, alice, boss):
    sub = process(
        A("check", "Check"),
        END,
        ways=(T("check", "end", "Ok"),),
        code="child",
        begin="check",
    )
    installed(sub)
    part = A("sub", "Have it checked", kind="subflow", subflow="child")
    ways = (T("ask", "sub", "Send"), T("sub", "end", "Done"))
    installed(process(A("ask", "Ask"), part, END, ways=ways))
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    [child] = at(item.instance, "sub").children.all()
    lifecycle.suspend_instance(item.instance, by=boss)
    child.refresh_from_db()
    assert allowed.of_instance(child, by=boss) == ["cancel"]
    assert tree_taken(child, by=boss) == {"cancel"}
    assert tree_taken(item.instance, by=boss) == {"resume", "cancel"}


def test_nothing_is_sent_on_once_the_whole_was_cancelled(installed, alice, boss):
    ways = (T("ask", "end", "Send"),)
    installed(process(A("ask", "Ask", autofinish=False), END, ways=ways))
    item = start(alice)
    item.activate(alice)
    item.complete(alice)
    lifecycle.cancel_instance(item.instance, by=boss, reason="Not needed.")
    assert told(item, by=alice) == told(item, by=boss) == set()
    for person in (alice, boss):
        with pytest.raises(InstanceClosed):
            item.forward(actor=person)

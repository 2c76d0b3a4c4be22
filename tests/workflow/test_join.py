"""Two reviews at once, and the join that waits for both."""

import pytest

from tests.workflow.conftest import statements
from tests.workflow.processes import (
    END,
    A,
    T,
    at,
    do,
    parallel,
    process,
    standing,
    start,
)
from workflow.models import ProcessInstance, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


def test_the_join_waits_for_both_branches(installed, alice, bob, carol):
    installed(parallel())
    item = start(alice)
    do(item, alice)
    do(at(item.instance, "security"), bob, "SAFE")

    waiting = at(item.instance, "finalize")
    assert (waiting.status, waiting.blocked) == ("blocked", True)
    assert waiting not in WorkItem.objects.takeable_by(bob)

    do(at(item.instance, "finance"), carol, "PAID")
    released = at(item.instance, "finalize")
    assert released.pk == waiting.pk
    assert (released.status, released.condition) == ("inactive", "PAID")
    assert released.workitem_from == at(item.instance, "security")
    # R40: the other token is recorded, and only on this side.
    others = released.others_workitems_from.all()
    assert list(others) == [at(item.instance, "finance")]
    assert not at(item.instance, "finance").others_workitems_from.exists()

    do(released, alice)
    assert ProcessInstance.objects.get(pk=item.instance_id).status == "complete"


def test_b1_an_arrival_at_a_join_is_at_most_five_statements(installed, alice, bob):
    installed(parallel())
    item = start(alice)
    do(item, alice)
    for key in ("security", "finance"):
        branch = at(item.instance, key)
        branch.activate(bob)
        with statements() as arriving:
            branch.complete(bob)
        assert len(arriving.seen) <= 5


def test_r22_two_branches_that_reach_the_end_complete_the_instance_once(
    installed, alice, bob
):
    installed(
        process(
            A("ask", "Ask"),
            A("a", "A"),
            A("b", "B"),
            END,
            ways=(
                T("ask", "a", "a"),
                T("ask", "b", "b"),
                T("a", "end", "a"),
                T("b", "end", "b"),
            ),
        )
    )
    item = start(alice)
    do(item, alice)
    do(at(item.instance, "a"), bob)
    instance = ProcessInstance.objects.get(pk=item.instance_id)
    # R23: the other branch keeps it running.
    assert instance.status == "running"
    do(at(item.instance, "b"), bob)
    instance.refresh_from_db()
    assert instance.status == "complete"
    assert standing(instance)[-2:] == [("end", "complete"), ("end", "complete")]


def test_the_token_that_arrives_first_leaves_its_outcome_to_the_last(
    installed, alice, bob
):
    installed(
        process(
            A("ask", "Ask"),
            A("a", "A"),
            A("b", "B", split_mode="xor"),
            A("join", "Join", join_mode="and"),
            A("other", "Other"),
            END,
            ways=(
                T("ask", "a", "a"),
                T("ask", "b", "b"),
                T("a", "join", "a"),
                T("b", "join", "j", "eq:JOIN"),
                T("b", "other", "o", "eq:OTHER"),
                T("join", "end", "e"),
                T("other", "end", "e"),
            ),
        )
    )
    item = start(alice)
    do(item, alice)
    do(at(item.instance, "a"), bob, "FROM A")
    do(at(item.instance, "b"), bob, "OTHER")
    # The branch died elsewhere, so it is not the one that arrived last.
    joined = at(item.instance, "join")
    assert (joined.status, joined.condition) == ("inactive", "FROM A")


def test_joins_that_wait_for_each_other_are_shown(installed, alice):
    installed(
        process(
            A("ask", "Ask"),
            A("one", "One", join_mode="and"),
            A("two", "Two", join_mode="and"),
            END,
            ways=(
                T("ask", "one", "1"),
                T("ask", "two", "2"),
                T("one", "two", "x"),
                T("two", "one", "y"),
                T("one", "end", "e"),
            ),
        )
    )
    item = start(alice)
    do(item, alice)
    assert standing(item.instance)[1:] == [("one", "fallout"), ("two", "fallout")]


def test_w11_without_autofinish_the_token_waits_for_forward(installed, alice, bob):
    from workflow.errors import ForwardedAlready, NotHolder

    installed(
        process(
            A("ask", "Ask", autofinish=False),
            A("more", "More"),
            END,
            ways=(T("ask", "more", "a"), T("more", "end", "b")),
        )
    )
    item = start(alice)
    do(item, alice)
    assert standing(item.instance) == [("ask", "complete")]
    with pytest.raises(NotHolder):
        item.forward(actor=bob)
    # R32: it can be forwarded later, and R20: only once.
    item.forward(actor=alice)
    assert standing(item.instance) == [("ask", "complete"), ("more", "inactive")]
    with pytest.raises(ForwardedAlready):
        item.forward(actor=alice)

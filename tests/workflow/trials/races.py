"""The races: what is prepared, and what happens at the same instant."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from accounts.models import User
from kernel import clock
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    do,
    install,
    parallel,
    process,
    start,
)
from workflow import lifecycle, timers
from workflow.models import ProcessInstance, WorkItem

Move = Callable[[], Any]


@dataclass
class Cast:
    """Who takes part."""

    alice: User
    bob: User
    carol: User


@dataclass
class Race:
    """One trial: moves that begin together, and how many of them may succeed."""

    instance: ProcessInstance
    moves: list[Move]
    #: What the rows may say afterwards: activities that hold a token, and the state.
    ends: list[tuple[set[str], str]]
    winners: range = field(default_factory=lambda: range(1, 2))


def prepare() -> None:
    """Publish what the races run on."""
    install(parallel("join"))
    install(approval("one"))
    install(
        process(
            A("check", "Check"),
            END,
            ways=(T("check", "end", "Checked"),),
            code="inner",
            begin="check",
        )
    )
    install(
        process(
            A("ask", "Ask"),
            A("sub", "Sub", kind="subflow", subflow="inner"),
            A("side", "Side"),
            A("meet", "Meet", join_mode="and"),
            END,
            ways=(
                T("ask", "sub", "a"),
                T("ask", "side", "b"),
                T("sub", "meet", "c"),
                T("side", "meet", "d"),
                T("meet", "end", "e"),
            ),
            code="outer",
        )
    )


def mine(item: WorkItem) -> WorkItem:
    """Return a copy, as each of two people has one."""
    return WorkItem.objects.get(pk=item.pk)


def two_into_a_join(cast: Cast) -> Race:
    first = start(cast.alice, "join")
    do(first, cast.alice)
    one, two = at(first.instance, "security"), at(first.instance, "finance")
    one.activate(cast.alice)
    two.activate(cast.bob)
    return Race(
        first.instance,
        [lambda: one.complete(cast.alice), lambda: two.complete(cast.bob)],
        [({"finalize"}, "running")],
        range(2, 3),
    )


def double_complete(cast: Cast) -> Race:
    item = waiting(cast)
    copies = [mine(item) for _ in range(3)]
    return Race(
        item.instance,
        [
            lambda one=one: one.complete(cast.bob, condition="APPROVED")
            for one in copies
        ],
        [(set(), "complete")],
    )


def timeout_against_complete(cast: Cast) -> Race:
    item = waiting(cast)
    clock.advance(timedelta(days=3, seconds=1))
    other = mine(item)
    return Race(
        item.instance,
        [
            lambda: item.complete(cast.bob, condition="APPROVED"),
            lambda: timers.fire_due_of(other) or refuse(),
        ],
        [(set(), "complete"), ({"escalate"}, "running")],
    )


def cancel_against_complete(cast: Cast) -> Race:
    item = waiting(cast)
    instance = ProcessInstance.objects.get(pk=item.instance_id)
    return Race(
        item.instance,
        [
            lambda: item.complete(cast.bob, condition="REJECTED"),
            lambda: lifecycle.cancel_instance(instance, by=cast.carol, reason="x"),
        ],
        [(set(), "terminated")],
        range(1, 3),
    )


def child_end_against_sibling(cast: Cast) -> Race:
    first = start(cast.alice, "outer")
    do(first, cast.alice)
    side = at(first.instance, "side")
    last = at(at(first.instance, "sub").children.get(), "check")
    side.activate(cast.bob)
    last.activate(cast.alice)
    return Race(
        first.instance,
        [lambda: last.complete(cast.alice), lambda: side.complete(cast.bob)],
        [({"meet"}, "running")],
        range(2, 3),
    )


def waiting(cast: Cast) -> WorkItem:
    """Return an approval that bob has begun."""
    first = start(cast.alice, "one")
    do(first, cast.alice)
    item = at(first.instance, "approve")
    item.activate(cast.bob)
    return item


class NothingDue(Exception):
    """The timer was gone before this one looked."""


def refuse() -> None:
    raise NothingDue


RACES = (
    two_into_a_join,
    double_complete,
    timeout_against_complete,
    cancel_against_complete,
    child_end_against_sibling,
)

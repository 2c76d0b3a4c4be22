"""The twenty control-flow patterns of van der Aalst et al. (2003).

Those that the engine has run here; docs/patterns.md says of all twenty which they are.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from kernel import clock
from tests.workflow.processes import END, A, T, approval, do, parallel, process, start
from workflow import lifecycle, timers
from workflow.models import ProcessInstance, WorkItem
from workflow.publishing import install_process

DOCUMENT = Path(__file__).parents[2] / "docs" / "patterns.md"


class Run:
    """One instance under way, told by the keys of activities."""

    def __init__(self, data, person: User) -> None:
        install_process(data)
        self.person = person
        self.instance = start(person).instance

    def do(self, *words: str) -> "Run":
        """Do work at each activity; `key=OUTCOME` gives an answer."""
        for word in words:
            key, _, outcome = word.partition("=")
            rows = WorkItem.objects.filter(instance=self.instance, activity__key=key)
            do(rows.open().earliest("id"), self.person, outcome or None)
        return self

    @property
    def waits(self) -> list[str]:
        """Where work can be done, in the order it appeared."""
        rows = WorkItem.objects.filter(instance=self.instance).open().order_by("id")
        return list(rows.values_list("activity__key", flat=True))

    @property
    def status(self) -> str:
        return ProcessInstance.objects.get(pk=self.instance.pk).status


def sequence(alice, carol):
    run = Run(
        process(
            A("ask", "Ask"),
            A("next", "Next"),
            END,
            ways=(T("ask", "next", "a"), T("next", "end", "b")),
        ),
        alice,
    )
    assert run.waits == ["ask"]
    assert run.do("ask").waits == ["next"]
    assert run.do("next").status == "complete"


def parallel_split(alice, carol):
    assert Run(parallel(), alice).do("ask").waits == ["security", "finance"]


def synchronization(alice, carol):
    run = Run(parallel(), alice).do("ask", "security")
    assert run.waits == ["finance"]
    assert run.do("finance").waits == ["finalize"]


def exclusive_choice(alice, carol):
    run = Run(approval(), alice).do("ask")
    assert run.do("approve=REJECTED").waits == ["ask"]


def simple_merge(alice, carol):
    data = process(
        A("ask", "Ask", split_mode="xor"),
        A("left", "Left"),
        A("right", "Right"),
        A("both", "Both"),
        END,
        ways=(
            T("ask", "left", "l", "eq:L"),
            T("ask", "right", "r", is_default=True),
            T("left", "both", "x"),
            T("right", "both", "x"),
            T("both", "end", "x"),
        ),
    )
    for answer, way in (("L", "left"), ("R", "right")):
        assert Run(data, alice).do(f"ask={answer}", way).waits == ["both"]


def some_of_three(code="test", join="and"):
    """Ask which of three to do, and go on after them."""
    return process(
        A("ask", "Ask"),
        A("one", "One"),
        A("two", "Two"),
        A("three", "Three"),
        A("after", "After", join_mode=join),
        END,
        ways=(
            T("ask", "one", "1", "in:A,B", order=1),
            T("ask", "two", "2", "in:B,C", order=2),
            T("ask", "three", "3", "eq:C", order=3),
            T("one", "after", "x"),
            T("two", "after", "x"),
            T("three", "after", "x"),
            T("after", "end", "x"),
        ),
        code=code,
    )


def multi_choice(alice, carol):
    for answer, waits in (
        ("A", ["one"]),
        ("B", ["one", "two"]),
        ("C", ["two", "three"]),
    ):
        assert Run(some_of_three(), alice).do(f"ask={answer}").waits == waits


def synchronizing_merge(alice, carol):
    run = Run(some_of_three(), alice).do("ask=B", "one")
    assert run.waits == ["two"]
    assert run.do("two").waits == ["after"]
    assert Run(some_of_three(), alice).do("ask=A", "one").waits == ["after"]


def multi_merge(alice, carol):
    run = Run(some_of_three(join="xor"), alice).do("ask=B", "one", "two")
    assert run.waits == ["after", "after"]
    assert run.do("after").status == "running"
    assert run.do("after").status == "complete"


def arbitrary_cycles(alice, carol):
    run = Run(
        process(
            A("ask", "Ask", split_mode="xor"),
            A("one", "One", split_mode="xor"),
            A("two", "Two", split_mode="xor"),
            END,
            ways=(
                T("ask", "one", "a", "eq:ONE"),
                T("ask", "two", "b", is_default=True),
                T("one", "two", "c", "eq:TWO"),
                T("one", "ask", "d", is_default=True),
                T("two", "one", "e", "eq:ONE"),
                T("two", "end", "f", is_default=True),
            ),
        ),
        alice,
    )
    run.do("ask=ONE", "one=TWO", "two=ONE", "one=BACK", "ask=OTHER", "two=OUT")
    assert run.status == "complete"


def implicit_termination(alice, carol):
    run = Run(
        process(
            A("ask", "Ask"),
            A("one", "One"),
            A("two", "Two"),
            END,
            ways=(
                T("ask", "one", "1"),
                T("ask", "two", "2"),
                T("one", "end", "x"),
                T("two", "end", "x"),
            ),
        ),
        alice,
    )
    assert run.do("ask", "two").status == "running"
    assert run.do("one").status == "complete"


def instances_without_synchronization(alice, carol):
    run = Run(
        process(
            A("ask", "Another one?"),
            A("more", "More", kind="dummy"),
            A("work", "Work"),
            END,
            ways=(
                T("ask", "work", "w"),
                T("ask", "more", "m", "eq:MORE"),
                T("more", "ask", "again"),
                T("work", "end", "x"),
            ),
        ),
        alice,
    )
    run.do("ask=MORE", "ask=MORE", "ask=ENOUGH")
    assert run.waits == ["work", "work", "work"]
    assert run.do("work", "work", "work").status == "complete"


def instances_known_at_design_time(alice, carol):
    copies = [A(f"copy{n}", f"Copy {n}") for n in range(3)]
    run = Run(
        process(
            A("ask", "Ask"),
            *copies,
            A("after", "After", join_mode="and"),
            END,
            ways=(
                *(T("ask", copy.key, "x") for copy in copies),
                *(T(copy.key, "after", "x") for copy in copies),
                T("after", "end", "x"),
            ),
        ),
        alice,
    )
    run.do("ask", "copy1", "copy0")
    assert run.waits == ["copy2"]
    assert run.do("copy2").waits == ["after"]


def deferred_choice(alice, carol):
    """Whether somebody answers or the time runs out is decided by what comes first."""
    run = Run(approval(), alice).do("ask")
    with clock.frozen(clock.now() + timedelta(days=3, seconds=1)):
        timers.run()
    assert run.waits == ["escalate"]
    assert Run(approval(), alice).do("ask", "approve=APPROVED").status == "complete"


def cancel_activity(alice, carol):
    """A timer withdraws work that somebody has begun."""
    run = Run(approval(), alice).do("ask")
    item = WorkItem.objects.filter(instance=run.instance).latest("id")
    item.activate(alice)
    with clock.frozen(clock.now() + timedelta(days=3, seconds=1)):
        timers.run()
    item.refresh_from_db()
    assert (item.status, run.waits) == ("expired", ["escalate"])


def cancel_case(alice, carol):
    carol.user_permissions.add(Permission.objects.get(codename="can_manage_instances"))
    run = Run(parallel(), alice).do("ask")
    chief = User.objects.get(pk=carol.pk)
    lifecycle.cancel_instance(run.instance, by=chief, reason="No need")
    assert (run.waits, run.status) == ([], "terminated")


#: By the number of the paper.
PATTERNS: dict[int, Callable[..., None]] = {
    1: sequence,
    2: parallel_split,
    3: synchronization,
    4: exclusive_choice,
    5: simple_merge,
    6: multi_choice,
    7: synchronizing_merge,
    8: multi_merge,
    10: arbitrary_cycles,
    11: implicit_termination,
    12: instances_without_synchronization,
    13: instances_known_at_design_time,
    16: deferred_choice,
    19: cancel_activity,
    20: cancel_case,
}


@pytest.mark.parametrize("number", PATTERNS)
def test_a_supported_pattern_runs(in_acme, alice, carol, both_strategies, number):
    PATTERNS[number](alice, carol)


def test_the_document_says_of_all_twenty_whether_they_run():
    rows = re.findall(
        r"^\| (\d+) \| [^|]+ \| (yes|in part|no) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    assert [int(number) for number, _ in rows] == list(range(1, 21))
    assert {int(number) for number, said in rows if said != "no"} == set(PATTERNS)

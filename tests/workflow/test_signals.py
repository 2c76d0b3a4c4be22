"""Host projects listen to signals, which come after the commit and stop nobody."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
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
    start,
)
from workflow import lifecycle, signals
from workflow.errors import HandlerFailed
from workflow.models import WorkItem

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = {signal: name for name, signal in signals.ALL.items()}


@contextmanager
def heard() -> Iterator[list[tuple[str, dict]]]:
    """Collect every signal that is sent inside the block."""
    found: list[tuple[str, dict]] = []

    def listen(signal, sender, **values):
        found.append((NAMES[signal], values))

    for signal in NAMES:
        signal.connect(listen)
    try:
        yield found
    finally:
        for signal in NAMES:
            signal.disconnect(listen)


def names(found):
    return [name for name, _ in found if name != "audit_event_created"]


def test_every_step_tells_what_happened_in_order(installed, alice, bob):
    installed(approval())
    with heard() as found:
        item = start(alice)
        do(item, alice)
    assert names(found) == [
        "process_started",
        "workitem_created",
        "workitem_assigned",
        "workitem_activated",
        "transition_evaluated",
        "transition_fired",
        "workitem_completed",
        "workitem_forwarded",
        "workitem_created",
    ]
    values = dict(found)["workitem_activated"]
    assert (values["workitem"], values["actor"]) == (item, alice)
    assert values["instance"] == item.instance


def test_an_answer_of_false_is_told_too(installed, alice, bob):
    installed(approval())
    item = sent_for_approval(alice, bob)
    with heard() as found:
        do(item, bob, "REJECTED")
    asked = [values for name, values in found if name == "transition_evaluated"]
    assert [values["result"] for values in asked] == [False, True]


def test_the_end_and_a_cancellation_are_told(installed, alice, bob, carol):
    carol.user_permissions.add(Permission.objects.get(codename="can_manage_instances"))
    chief = User.objects.get(pk=carol.pk)
    installed(approval())
    item = sent_for_approval(alice, bob)
    with heard() as found:
        do(item, bob, "APPROVED")
        lifecycle.cancel_instance(start(alice).instance, by=chief, reason="x")
    assert names(found).count("instance_completed") == 1
    assert names(found).count("instance_terminated") == 1


def test_r96_nothing_is_told_of_a_step_that_is_rolled_back(installed, alice):
    installed(
        process(
            A("ask", "Ask"),
            END,
            ways=(T("ask", "end", "Go", post_hook="tests.after"),),
        )
    )
    item = start(alice)
    item.activate(alice)

    def fails(workitem, transition):
        raise RuntimeError

    with heard() as found, behaving(after=fails), pytest.raises(HandlerFailed):
        item.complete(alice)
    assert names(found) == ["incident_opened"]


def test_r98_a_receiver_that_fails_stops_nobody_and_is_logged(installed, alice, caplog):
    installed(approval())
    later = []

    def fails(**values):
        raise RuntimeError("of the host project")

    def listens(**values):
        later.append(values["workitem"])

    signals.workitem_activated.connect(fails)
    signals.workitem_activated.connect(listens)
    try:
        with caplog.at_level(logging.ERROR):
            item = start(alice)
            item.activate(alice)
    finally:
        signals.workitem_activated.disconnect(fails)
        signals.workitem_activated.disconnect(listens)
    assert WorkItem.objects.get(pk=item.pk).status == "active"
    assert later == [item]
    assert "workflow.receiver_failed" in caplog.text
    assert "of the host project" in caplog.text


def test_a_receiver_sees_the_rows_as_they_were_committed(installed, alice):
    installed(approval())
    seen = []

    def look(workitem, **values):
        seen.append(at(workitem.instance, "ask").status)

    signals.workitem_activated.connect(look)
    try:
        start(alice).activate(alice)
    finally:
        signals.workitem_activated.disconnect(look)
    assert seen == ["active"]

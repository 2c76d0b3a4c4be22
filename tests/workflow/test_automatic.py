"""Work that the engine does itself, and what happens when it fails."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection

from kernel import clock
from tests.workflow.processes import (
    END,
    A,
    T,
    at,
    behaving,
    do,
    process,
    standing,
    start,
)
from workflow import provisioning, timers
from workflow.errors import HandlerFailed, NotCandidate
from workflow.models import AuditEvent, ProcessInstance, Timer, WorkItem

pytestmark = pytest.mark.usefixtures("both_strategies")


def with_auto(**activity):
    return process(
        A("ask", "Ask"),
        A("auto", "Auto", autostart=True, **activity),
        A("more", "More"),
        END,
        ways=(
            T("ask", "auto", "Go"),
            T("auto", "end", "Fine", "eq:FINE", order=1),
            T("auto", "more", "Else", is_default=True, order=2),
            T("more", "end", "Close"),
        ),
    )


def test_a_handler_does_the_work_and_its_answer_decides(installed, alice):
    installed(with_auto(application="tests.auto", app_param={"size": 3}))
    item = start(alice)
    given = {}

    def work(workitem, size):
        given.update(size=size, key=workitem.idempotency_key)
        return {"condition": "FINE", "data": {"checked": True}}

    with behaving(auto=work) as calls:
        do(item, alice)

    assert calls == ["auto"]
    assert given == {"size": 3, "key": f"{item.tenant_id}:{item.pk + 1}"}
    instance = ProcessInstance.objects.get(pk=item.instance_id)
    assert (instance.status, instance.data) == ("complete", {"checked": True})
    assert at(instance, "auto").user == provisioning.system_user()


def test_an_automatic_item_is_no_work_for_a_person(installed, alice, bob):
    installed(with_auto(application="tests.auto", max_attempts=1))
    item = start(alice)

    def fails(workitem):
        assert not WorkItem.objects.takeable_by(bob).exists()
        with pytest.raises(NotCandidate):
            workitem.activate(bob)
        raise ValueError

    with behaving(auto=fails):
        do(item, alice)
    assert at(item.instance, "auto").status == "fallout"


def test_r31_a_failing_handler_falls_out_with_its_reason_kept(installed, alice, admin):
    installed(with_auto(application="tests.auto", max_attempts=1))
    item = start(alice)

    def fails(workitem):
        raise ValueError("the password is open")

    with behaving(auto=fails):
        do(item, alice)

    assert standing(item.instance) == [("ask", "complete"), ("auto", "fallout")]
    event = AuditEvent.objects.get(action="workitem.fallout")
    assert event.metadata == {"kind": "auto.failed", "message": "ValueError"}
    assert Timer.objects.pending().get().kind == "alarm"
    assert at(item.instance, "auto") in WorkItem.objects.visible_to(admin)


def test_an_answer_of_a_handler_that_is_no_text_falls_out(installed, alice):
    installed(with_auto(application="tests.auto", max_attempts=1))
    item = start(alice)
    with behaving(auto=lambda workitem: {"condition": 0.1}):
        do(item, alice)
    stuck = at(item.instance, "auto")
    assert stuck.status == "fallout"
    assert stuck.incidents.get().message == "DataInvalid: The outcome is a text."


def test_r25_an_automatic_split_without_match_falls_out_too(installed, alice):
    installed(
        process(
            A("ask", "Ask"),
            A("auto", "Auto", autostart=True, split_mode="xor"),
            END,
            ways=(T("ask", "auto", "Go"), T("auto", "end", "Fine", "eq:FINE")),
        )
    )
    item = start(alice)
    do(item, alice)
    assert standing(item.instance) == [("ask", "complete"), ("auto", "fallout")]
    assert item.instance.status == "running"


def test_r30_a_dummy_completes_itself_and_never_becomes_work(installed, alice):
    installed(
        process(
            A("ask", "Ask", kind="dummy"),
            A("gate", "Gate", kind="dummy"),
            A("more", "More"),
            END,
            ways=(
                T("ask", "gate", "a"),
                T("gate", "more", "b"),
                T("more", "end", "c"),
            ),
        )
    )
    item = start(alice)
    assert item.status == "complete"
    assert standing(item.instance) == [
        ("ask", "complete"),
        ("gate", "complete"),
        ("more", "inactive"),
    ]


def test_r10_an_automatic_begin_runs_for_every_requester(installed, alice, bob):
    installed(
        process(
            A("ask", "Ask", autostart=True, application="tests.auto"),
            A("more", "More", roles=("Managers",)),
            END,
            ways=(T("ask", "more", "a"), T("more", "end", "b")),
        )
    )
    with behaving() as calls:
        for person in (alice, bob):
            assert standing(start(person).instance) == [
                ("ask", "complete"),
                ("more", "inactive"),
            ]
    assert calls == ["auto", "auto"]


def test_without_an_application_a_line_goes_into_the_history(installed, alice):
    installed(with_auto())
    item = start(alice)
    do(item, alice)
    assert "Auto" in item.wfobject().history


def test_r34_a_document_without_history_is_no_problem(installed, alice):
    from workflow import automatic

    class Bare:
        def wfobject(self):
            return alice

    automatic.note(Bare(), "Auto")


def test_a_long_chain_goes_on_through_the_scheduler(installed, alice, settings):
    settings.GOFLOW_AUTO_CHAIN_LIMIT = 2
    gates = [A(f"g{number}", f"G{number}", kind="dummy") for number in range(4)]
    keys = ["ask", *(gate.key for gate in gates), "end"]
    installed(
        process(
            A("ask", "Ask"),
            *gates,
            END,
            ways=tuple(T(a, b, "x") for a, b in pairwise(keys)),
        )
    )
    with clock.frozen():
        item = start(alice)
        do(item, alice)
        assert standing(item.instance)[-1] == ("g2", "inactive")
        clock.advance(timedelta(minutes=1))
        assert timers.run_due(10) == 1
        instance = ProcessInstance.objects.get(pk=item.instance_id)
        assert instance.status == "complete"
        assert timers.next_due() is None


def test_an_interrupted_run_is_found_again_and_given_up_in_the_end(
    installed, alice, monkeypatch
):
    from workflow import automatic

    installed(with_auto(application="tests.auto"))
    with clock.frozen():
        item = start(alice)
        # Nothing follows: as if the process had died right after the commit.
        with monkeypatch.context() as patched:
            patched.setattr(automatic, "_follow", lambda ids: None)
            do(item, alice)
            auto = at(item.instance, "auto")
            for _ in range(timers.MOST_RUNS):
                clock.advance(timedelta(minutes=2))
                assert timers.run_due(5) == 1
                assert at(item.instance, "auto").status == "inactive"
            clock.advance(timedelta(minutes=2))
            timers.run_due(5)
        assert at(item.instance, "auto").status == "fallout"
        assert AuditEvent.objects.filter(
            workitem_id=auto.pk, metadata__kind="auto.failed"
        ).exists()
        assert timers.run_due(5) == 0


def pushing(**activity):
    return process(
        A("ask", "Ask"),
        A("check", "Check", push_application="tests.push", **activity),
        END,
        ways=(T("ask", "check", "Send"), T("check", "end", "Done")),
    )


def test_a_push_application_chooses_who_gets_the_item(installed, alice, bob):
    installed(pushing(roles=("Managers",)))
    item = start(alice)
    with behaving(push=lambda workitem: bob):
        do(item, alice)
    assert at(item.instance, "check").user == bob


def test_r33_a_push_application_that_fails_falls_back_to_the_roles(
    installed, alice, bob, carol
):
    def broken(workitem):
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    def nobody(workitem):
        return None

    def no_candidate(workitem):
        return carol

    installed(pushing(roles=("Managers",)))
    for handler in (broken, nobody, no_candidate):
        item = start(alice)
        with behaving(push=handler):
            do(item, alice)
        check = at(item.instance, "check")
        assert (check.user, check.status) == (None, "inactive")
        assert check in WorkItem.objects.offered_to(bob)
        assert check not in WorkItem.objects.offered_to(carol)


def test_a_push_to_nobody_without_roles_is_shown(installed, alice):
    installed(pushing())
    item = start(alice)
    with behaving(push=lambda workitem: None):
        do(item, alice)
    assert at(item.instance, "check").status == "fallout"
    event = AuditEvent.objects.get(action="workitem.fallout")
    assert event.metadata["kind"] == "push.no_user"


def hooked(**hooks):
    return process(
        A("ask", "Ask"),
        END,
        ways=(T("ask", "end", "Done", **hooks),),
    )


@pytest.mark.parametrize("problem", [ValueError("x"), DatabaseError("y")])
def test_a_hook_that_fails_changes_nothing_and_says_so(installed, alice, problem):
    installed(hooked(post_hook="tests.after"))
    item = start(alice)
    item.activate(alice)

    def fails(*_args):
        raise problem

    with behaving(after=fails), pytest.raises(HandlerFailed) as refusal:
        item.complete(alice)
    assert refusal.value.status == 422
    assert standing(item.instance) == [("ask", "active")]
    item.complete(alice)
    assert item.instance.status == "complete"


def test_r61_hooks_and_preconditions_run_without_a_condition_in_order(installed, alice):
    installed(
        hooked(
            precondition="tests.precondition",
            pre_hook="tests.before",
            post_hook="tests.after",
        )
    )
    item = start(alice)
    item.activate(alice)
    with behaving() as calls:
        item.complete(alice)
    assert calls == ["precondition", "before", "after"]


@pytest.mark.parametrize("veto", ["precondition", "before"])
def test_r61_a_veto_stops_the_transition(installed, alice, veto):
    from workflow.errors import NoMatch

    installed(
        hooked(
            precondition="tests.precondition",
            pre_hook="tests.before",
            post_hook="tests.after",
        )
    )
    item = start(alice)
    item.activate(alice)
    with behaving(**{veto: lambda *_: False}) as calls:
        with pytest.raises(NoMatch):
            item.complete(alice)
        assert "after" not in calls
    assert standing(item.instance) == [("ask", "active")]

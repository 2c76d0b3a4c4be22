"""A subflow is an instance of its own: it begins, ends and fails beside its parent."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from leave.models import LeaveRequest
from tests.workflow.conftest import Killed, statements
from tests.workflow.processes import (
    END,
    A,
    T,
    at,
    behaving,
    do,
    document,
    process,
    standing,
    start,
)
from workflow import automatic, incidents, lifecycle, timers
from workflow.models import (
    AuditEvent,
    Incident,
    Process,
    ProcessInstance,
    Timer,
    WorkItem,
)
from workflow.publishing import publish_process, retire_process
from workflow.routing import Marking

pytestmark = pytest.mark.usefixtures("both_strategies")


@pytest.fixture
def chief(carol) -> User:
    """Return somebody who may manage instances and resolve incidents."""
    for name in ("can_manage_instances", "can_resolve_incidents"):
        carol.user_permissions.add(Permission.objects.get(codename=name))
    return User.objects.get(pk=carol.pk)


def child(**values):
    return process(
        A("check", "Check"),
        A("sign", "Sign"),
        END,
        ways=(T("check", "sign", "Checked"), T("sign", "end", "Signed")),
        code="child",
        begin="check",
        **values,
    )


def parent(**sub):
    values = {"kind": "subflow", "subflow": "child", **sub}
    return process(
        A("ask", "Ask"),
        A("sub", "Have it checked", split_mode="xor", **values),
        A("after", "After"),
        A("bad", "Bad"),
        END,
        ways=(
            T("ask", "sub", "Go"),
            T("sub", "bad", "Bad", "eq:BAD", order=1),
            T("sub", "after", "Checked", is_default=True, order=2),
            T("after", "end", "Done"),
            T("bad", "end", "Done"),
        ),
        data_schema={"amount": "number", "seen": "string"},
    )


def begun(installed, person, *, sub=None, **values) -> tuple[WorkItem, ProcessInstance]:
    """Start a parent and return its blocked item and the child."""
    installed(child(**values))
    installed(parent(**(sub or {})))
    item = start(person, data={"amount": 7, "seen": "yes"})
    do(item, person)
    blocked = at(item.instance, "sub")
    return blocked, blocked.children.get()


def through(instance: ProcessInstance, person: User, outcome: str | None = None):
    """Do both activities of the child."""
    for key in ("check", "sign"):
        do(at(instance, key), person, outcome)


def test_r27_the_child_begins_in_the_step_that_makes_its_item(installed, alice):
    blocked, instance = begun(installed, alice)
    assert blocked.status == "blocked"
    assert (instance.parent_workitem, instance.root, instance.depth) == (
        blocked,
        blocked.instance,
        1,
    )
    assert (instance.status, instance.process.code) == ("running", "child")
    assert (instance.user, instance.title) == (alice, blocked.instance.title)
    assert instance.wfobject() == blocked.instance.wfobject()
    assert at(instance, "check").user == alice
    actions = [event.action for event in AuditEvent.objects.of_instance(instance.pk)]
    assert actions == [
        "process.started",
        "instance.status_changed",
        "workitem.created",
        "workitem.assigned",
    ]
    last = AuditEvent.objects.of_instance(blocked.instance_id).last()
    assert (last.action, last.workitem_id) == ("workitem.blocked", blocked.pk)


def test_w5_the_end_of_the_child_sends_the_parent_on(installed, alice):
    blocked, instance = begun(installed, alice)
    through(instance, alice)
    assert standing(blocked.instance) == [
        ("ask", "complete"),
        ("sub", "complete"),
        ("after", "inactive"),
    ]
    do(at(blocked.instance, "after"), alice)
    blocked.instance.refresh_from_db()
    assert blocked.instance.status == "complete"
    assert not Timer.objects.pending().exclude(kind="notice").exists()


def test_r28_r29_each_stays_on_its_own_process_and_version(installed, alice):
    blocked, instance = begun(installed, alice)
    installed(child(description="", priority=3))
    through(instance, alice)
    instance.refresh_from_db()
    assert (instance.process_version, instance.process.version) == (1, 1)
    assert blocked.instance.process.code == "test"
    fresh = start(alice)
    do(fresh, alice)
    assert at(fresh.instance, "sub").children.get().process_version == 2


def test_a_pinned_subflow_runs_the_version_it_names(installed, alice):
    installed(child())
    installed(child(priority=3))
    installed(parent(subflow_binding="1"))
    item = start(alice)
    do(item, alice)
    assert at(item.instance, "sub").children.get().process_version == 1


def test_r29_variables_go_in_and_come_out_by_name(installed, alice):
    blocked, instance = begun(
        installed,
        alice,
        sub={
            "map_in": {"sum": "amount", "note": "a literal"},
            "map_out": {"seen": "note", "condition": "verdict"},
        },
        data_schema={"sum": "number", "note": "string", "verdict": "string"},
    )
    assert instance.data == {"sum": 7, "note": "a literal"}
    do(at(instance, "check"), alice)
    last = at(instance, "sign")
    last.activate(alice)
    last.complete(alice, data={"note": "changed", "verdict": "BAD"})

    blocked.refresh_from_db()
    assert blocked.condition == "BAD"
    assert blocked.instance.data == {"amount": 7, "seen": "changed"}
    assert standing(blocked.instance)[-1] == ("bad", "inactive")


def test_a_subflow_may_be_about_another_document(installed, alice):
    other = document(alice, "another")
    named = {"model": "leave.leaverequest", "object_id": other.pk}
    _, instance = begun(installed, alice, sub={"map_in": {"document": named}})
    assert instance.wfobject() == LeaveRequest.objects.get(pk=other.pk)


def test_a_document_that_is_not_there_is_an_incident(installed, alice):
    named = {"model": "leave.leaverequest", "object_id": 999_999}
    installed(child())
    installed(parent(map_in={"document": named}))
    item = start(alice)
    do(item, alice)
    stuck = at(item.instance, "sub")
    assert (stuck.status, stuck.incidents.get().kind) == ("fallout", "subflow.missing")
    assert not stuck.children.exists()


def test_a_subflow_without_a_published_process_is_an_incident(
    installed, alice, chief, admin
):
    called = installed(child())
    installed(parent())
    retire_process(called, by=admin)
    item = start(alice)
    do(item, alice)
    stuck = at(item.instance, "sub")
    incident = stuck.incidents.get()
    assert (stuck.status, incident.kind) == ("fallout", "subflow.missing")

    publish_process(called, by=admin)
    incidents.retry_incident(incident, by=chief, reason="It is back")
    stuck.refresh_from_db()
    assert stuck.status == "blocked"
    through(stuck.children.get(), alice)
    assert at(item.instance, "after").status == "inactive"


def test_r29_nesting_is_limited(installed, alice, settings):
    settings.GOFLOW_MAX_SUBFLOW_DEPTH = 0
    installed(child())
    installed(parent())
    item = start(alice)
    do(item, alice)
    stuck = at(item.instance, "sub")
    assert (stuck.status, stuck.incidents.get().kind) == ("fallout", "subflow.depth")


def test_a_subflow_of_automatic_work_runs_through_in_one_call(installed, alice):
    installed(
        process(
            A("check", "Check", autostart=True),
            END,
            ways=(T("check", "end", "Checked"),),
            code="child",
            begin="check",
        )
    )
    installed(parent())
    item = start(alice)
    do(item, alice)
    assert at(item.instance, "after").status == "inactive"


def test_subflows_nest(installed, alice):
    installed(child())
    installed(
        process(
            A("in", "In", kind="subflow", subflow="child"),
            END,
            ways=(T("in", "end", "Out"),),
            code="middle",
            begin="in",
        )
    )
    installed(parent(subflow="middle"))
    item = start(alice)
    do(item, alice)
    middle = at(item.instance, "sub").children.get()
    inner = at(middle, "in").children.get()
    assert (inner.depth, inner.root) == (2, item.instance)
    through(inner, alice)
    assert at(item.instance, "after").status == "inactive"
    middle.refresh_from_db()
    assert middle.status == "complete"


def test_a_cancelled_child_is_an_incident_of_its_parent(installed, alice, chief):
    blocked, instance = begun(installed, alice)
    lifecycle.cancel_instance(instance, by=chief, reason="Wrong one")
    blocked.refresh_from_db()
    incident = Incident.objects.open().get(workitem=blocked)
    assert (blocked.status, incident.kind) == ("fallout", "subflow.terminated")

    incidents.retry_incident(incident, by=chief, reason="Once more")
    blocked.refresh_from_db()
    assert blocked.status == "blocked"
    assert blocked.children.count() == 2
    through(blocked.children.latest("id"), alice)
    assert at(blocked.instance, "after").status == "inactive"


def test_b1_the_steps_of_a_subflow_are_at_most_five_statements(installed, alice):
    _, read_before = begun(installed, alice)
    through(read_before, alice)
    item = start(alice)
    item.activate(alice)
    with statements() as beginning:
        item.complete(alice)
    assert len(beginning.seen) == 4

    instance = at(item.instance, "sub").children.get()
    do(at(instance, "check"), alice)
    last = at(instance, "sign")
    last.activate(alice)
    with statements() as ending:
        last.complete(alice)
    # The end of the child is a step, and the way back to the parent another.
    assert len(ending.seen) == 7


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_b10_a_child_whose_end_dies_is_found_again(
    installed, alice, frozen_clock, killed_after
):
    blocked, instance = begun(installed, alice)
    do(at(instance, "check"), alice)
    last = at(instance, "sign")
    last.activate(alice)
    with pytest.raises(Killed), statements(stop_after=killed_after):
        last.complete(alice)

    timers.run()
    last.refresh_from_db()
    if last.status == "active":
        last.complete(alice)
    assert at(blocked.instance, "after").status == "inactive"
    blocked.refresh_from_db()
    assert blocked.status == "complete"
    assert Marking.from_json(blocked.instance.marking).at == {"after": 1}


def test_coming_back_twice_moves_the_token_once(installed, alice):
    blocked, instance = begun(installed, alice)
    through(instance, alice)
    before = standing(blocked.instance)
    automatic.come_back_and_follow(blocked.pk)
    assert standing(blocked.instance) == before


def test_a_child_that_ends_while_its_parent_is_suspended_comes_back_later(
    installed, alice, chief
):
    blocked, instance = begun(installed, alice)
    lifecycle.suspend_instance(blocked.instance, by=chief)
    # As if the child's end had been written a moment before.
    ProcessInstance.objects.filter(pk=instance.pk).update(status="complete")
    automatic.come_back_and_follow(blocked.pk)
    assert at(blocked.instance, "sub").status == "suspended"

    Timer.objects.create(
        kind="child",
        instance=blocked.instance,
        workitem=blocked,
        due_at=blocked.created_at,
    )
    lifecycle.resume_instance(blocked.instance, by=chief)
    timers.run()
    assert at(blocked.instance, "after").status == "inactive"


def test_r27_a_failing_child_does_not_touch_its_parent(installed, alice):
    installed(
        process(
            A(
                "check",
                "Check",
                autostart=True,
                application="tests.auto",
                max_attempts=1,
            ),
            END,
            ways=(T("check", "end", "Checked"),),
            code="child",
            begin="check",
        )
    )
    installed(parent())
    item = start(alice)

    def broken(workitem):
        raise RuntimeError

    with behaving(auto=broken):
        do(item, alice)
    blocked = at(item.instance, "sub")
    assert blocked.status == "blocked"
    assert standing(blocked.children.get()) == [("check", "fallout")]


def test_r33_a_push_that_raises_at_the_begin_of_a_child_falls_back_to_its_roles(
    installed, alice
):
    installed(
        process(
            A("check", "Check", push_application="tests.push", roles=("Managers",)),
            END,
            ways=(T("check", "end", "x"),),
            code="child",
            begin="check",
        )
    )
    installed(parent())

    def raises(workitem):
        raise RuntimeError

    with behaving(push=raises):
        item = start(alice)
        do(item, alice)
    instance = at(item.instance, "sub").children.get()
    assert standing(instance) == [("check", "inactive")]
    assert at(instance, "check").user is None


def test_what_fails_on_the_way_back_is_an_incident_and_not_the_childs(
    installed, alice, chief
):
    installed(child())
    installed(
        process(
            A("ask", "Ask"),
            A("sub", "Sub", kind="subflow", subflow="child"),
            A("after", "After"),
            END,
            ways=(
                T("ask", "sub", "a"),
                T("sub", "after", "b", post_hook="tests.after"),
                T("after", "end", "c"),
            ),
        )
    )
    item = start(alice)
    do(item, alice)
    blocked = at(item.instance, "sub")

    def fails(workitem, transition):
        raise RuntimeError

    with behaving(after=fails):
        through(blocked.children.get(), alice)
    blocked.refresh_from_db()
    incident = blocked.incidents.get()
    assert (blocked.status, incident.kind) == ("fallout", "handler.failed")
    incidents.skip_incident(incident, by=chief, reason="Mended")
    assert at(item.instance, "after").status == "inactive"


def test_a_parent_that_is_switched_off_goes_on_when_it_is_switched_on(installed, alice):
    blocked, instance = begun(installed, alice)
    Process.objects.filter(code="test").update(enabled=False)
    through(instance, alice)
    blocked.refresh_from_db()
    assert blocked.status == "blocked"
    Process.objects.filter(code="test").update(enabled=True)
    timers.run()
    assert at(blocked.instance, "after").status == "inactive"


def test_a_retry_that_fails_again_at_once_leaves_an_open_incident(
    installed, alice, chief
):
    installed(child())
    installed(parent())
    Process.objects.filter(code="child").written(status="retired")
    item = start(alice)
    do(item, alice)
    stuck = at(item.instance, "sub")
    incidents.retry_incident(stuck.incidents.get(), by=chief, reason="Hope")
    stuck.refresh_from_db()
    assert stuck.status == "fallout"
    assert [one.is_open for one in stuck.incidents.order_by("id")] == [False, True]

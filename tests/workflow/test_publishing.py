"""From data to a published version, and what keeps it as it was published."""

from dataclasses import replace

import pytest
from django.db.models import ProtectedError

from kernel.errors import Conflict
from tests.workflow.conftest import statements
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
from workflow import graph
from workflow.errors import ProcessImmutable, ProcessInvalid, ProcessTampered
from workflow.models import Activity, AuditEvent, Process, Transition
from workflow.publishing import install_process, switch


def codes(refusal) -> set[str]:
    return {error["code"] for error in refusal.value.extra["errors"]}


def test_the_same_content_publishes_nothing_new(installed):
    first = installed(approval())
    events = AuditEvent.objects.count()
    assert installed(approval()) == first
    assert Process.objects.filter(code="test").count() == 1
    assert AuditEvent.objects.count() == events


def test_changed_content_is_a_new_version_and_the_old_one_retires(installed, alice):
    old = installed(approval())
    running = start(alice)
    data = approval()
    new = installed(
        replace(data, activities=(*data.activities[:-1], replace(END, title="Over")))
    )

    old.refresh_from_db()
    assert (old.version, old.status) == (1, "retired")
    assert (new.version, new.status) == (2, "published")
    # The instance stays on the version it began with.
    do(running, alice)
    assert running.instance.process == old
    assert at(running.instance, "approve").activity.process == old
    assert start(alice).instance.process == new


def test_r54_publishing_is_audited(installed, admin):
    made = install_process(approval(), by=admin)
    event = AuditEvent.objects.get(action="process.published", process_id=made.pk)
    assert event.actor_label == "Admin Acme"
    assert event.metadata == {"code": "test", "version": 1}
    assert (made.published_by, made.status) == (admin, "published")


def test_r50_a_version_changed_behind_the_engine_is_never_run(installed, alice):
    installed(approval())
    rows = Transition._base_manager.filter(condition="eq:APPROVED")
    rows.update(condition="true")
    with pytest.raises(ProcessTampered) as refusal:
        start(alice)
    assert isinstance(refusal.value, Conflict)


def test_r50_deleting_an_activity_never_deletes_work(installed, alice):
    installed(approval())
    item = start(alice)
    with pytest.raises(ProcessImmutable):
        Activity.objects.get(pk=item.activity_id).delete()
    with pytest.raises(ProcessImmutable):
        item.instance.process.delete()
    with pytest.raises(ProtectedError):
        Activity._base_manager.filter(pk=item.activity_id).delete()
    with pytest.raises(ProtectedError):
        item.instance.delete()


def test_b16_the_graph_is_read_once(installed):
    made = installed(approval())
    graph.of(made)
    with statements() as again:
        graph.of(made)
    assert again.seen == []


def test_what_the_author_typed_is_kept_beside_what_is_stored(installed):
    installed(
        process(
            A("ask", "Ask", split_mode="xor"),
            END,
            ways=(T("ask", "end", "Fine", "EQ: FINE", key="fine"),),
        )
    )
    row = Transition.objects.get(key="fine")
    assert (row.condition, row.condition_raw) == ("eq:FINE", "EQ: FINE")


@pytest.mark.parametrize(
    ("activities", "ways", "code"),
    [
        ((A("ask", "Ask"), END), (), "process.empty"),
        ((A("ask", ""), END), (T("ask", "end"),), "activity.title"),
        ((A("Ask me", "Ask"), END), (T("ask", "end"),), "activity.key"),
        ((A("ask", "Ask"), A("ask", "B"), END), (T("ask", "end"),), "activity.key"),
        ((A("ask", "End"), END), (T("ask", "end"),), "activity.title"),
        ((A("other", "Ask"), END), (T("other", "end"),), "process.ends"),
        ((A("ask", "Ask"), END), (T("ask", "no"), T("ask", "end")), "transition.ends"),
        ((A("ask", "Ask"), END), (T("ask", "ask"), T("ask", "end")), "transition.loop"),
        ((A("ask", "Ask"), END), (T("end", "ask"),), "process.end_has_output"),
        (
            (A("ask", "Ask"), A("b", "B"), END),
            (T("ask", "end"), T("b", "end")),
            "activity.unreachable",
        ),
        (
            (A("ask", "Ask"), A("b", "B"), A("c", "C"), END),
            (T("ask", "end"), T("ask", "b"), T("b", "c"), T("c", "b")),
            "activity.no_way_out",
        ),
        (
            (A("ask", "Ask"), A("b", "B"), END),
            (T("ask", "end"), T("ask", "b")),
            "activity.no_output",
        ),
        (
            (A("ask", "Ask", split_mode="xor"), A("b", "B"), END),
            (T("ask", "end", "1"), T("ask", "b", "2"), T("b", "end")),
            "split.ambiguous",
        ),
        (
            (A("ask", "Ask"), END),
            (T("ask", "end", "1", "eq:A", is_default=True),),
            "split.default",
        ),
        (
            (A("ask", "Ask", kind="dummy"), END),
            (T("ask", "end"), T("ask", "end", "late", "timeout:1d")),
            "timeout.on_automatic",
        ),
        (
            (A("ask", "Ask", push_application="no.such"), END),
            (T("ask", "end"),),
            "handler.missing",
        ),
        (
            (A("ask", "Ask"), END),
            (T("ask", "end", post_hook="os.system"),),
            "handler.missing",
        ),
        (
            (A("ask", "Ask", application="tests.auto"), END),
            (T("ask", "end"),),
            "application.by_hand",
        ),
        (
            (A("ask", "Ask"), END),
            (T("ask", "end"), T("ask", "end", "late", "timeout:3x")),
            "condition.invalid",
        ),
        (
            (A("ask", "Ask", roles=("Nobody",)), END),
            (T("ask", "end"),),
            "group.missing",
        ),
    ],
)
def test_r51_what_cannot_work_is_not_published(installed, activities, ways, code):
    with pytest.raises(ProcessInvalid) as refusal:
        installed(process(*activities, ways=ways))
    assert code in codes(refusal)
    assert not Process.objects.filter(code="test").exists()


def test_r60_a_wrong_condition_is_named_with_its_place(installed):
    with pytest.raises(ProcessInvalid) as refusal:
        installed(
            process(A("ask", "Ask"), END, ways=(T("ask", "end", "x", "timeout:3x"),))
        )
    [error] = refusal.value.extra["errors"]
    assert (error["column"], error["transition"]) == (10, "ask--end")


def test_r104_the_pure_parts_import_no_database():
    import subprocess
    import sys

    code = (
        "import sys; import workflow.routing, workflow.conditions;"
        "print(any(name.startswith('django.db') for name in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_switching_a_process_off_and_on_is_audited(installed, admin, alice, bob):
    from workflow.errors import ProcessDisabled, ProcessNotAllowed

    made = installed(approval())
    item = sent_for_approval(alice, bob)
    switch(made, enabled=False, by=admin)
    with pytest.raises(ProcessDisabled):
        item.activate(bob)
    with pytest.raises(ProcessNotAllowed):
        start(alice)
    switch(made, enabled=True, by=admin)
    item.activate(bob)
    actions = AuditEvent.objects.filter(process_id=made.pk, actor_id=admin.pk)
    assert list(actions.values_list("action", flat=True)) == [
        "process.disabled",
        "process.enabled",
    ]

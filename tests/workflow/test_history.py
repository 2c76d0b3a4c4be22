"""An instance as it was at an instant, told from its events alone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from kernel import clock
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    behaving,
    do,
    install,
    parallel,
    process,
    start,
)
from workflow import engine, graph, handing, history, starting, timers
from workflow.errors import InstantInvalid
from workflow.models import AuditEvent, ProcessInstance, WorkItem
from workflow.routing import Marking

pytestmark = pytest.mark.usefixtures("frozen_clock")

MINUTE = timedelta(minutes=1)
Stand = tuple[str | None, list[tuple], dict[str, int]]


def by_the_rows(instance: ProcessInstance) -> Stand:
    """Return how an instance stands: its status, its work items and its tokens."""
    instance.refresh_from_db()
    items = WorkItem.objects.filter(instance=instance).order_by("id")
    rows = list(items.values_list("id", "activity_id", "status", "user_id"))
    marking = Marking.from_json(instance.marking)
    tokens = Counter(marking.at)
    tokens.update({key: len(waiting) for key, waiting in marking.rounds.items()})
    return instance.status, rows, dict(tokens)


def by_the_chain(instance: ProcessInstance, instant: datetime) -> Stand:
    state = history.state_at(instance, instant)
    version = graph.of(instance.process)
    rows = [(one.id, one.activity_id, one.status, one.user_id) for one in state.items]
    return state.status, rows, state.tokens(version)


class Diary:
    """Keeps how an instance stood after each thing that was done, a minute apart."""

    def __init__(self, instance: ProcessInstance) -> None:
        self.instance = instance
        self.pages: list[tuple[datetime, Stand]] = []
        self.note()

    def note(self) -> None:
        self.pages.append((clock.now(), by_the_rows(self.instance)))
        clock.advance(MINUTE)

    def after(self, *steps) -> "Diary":
        for step in steps:
            step()
            self.note()
        return self

    def agrees(self) -> None:
        """Compare each page with what the chain tells of then, and of just after."""
        assert len({str(stand) for _, stand in self.pages}) > 1
        for instant, stand in self.pages:
            assert by_the_chain(self.instance, instant) == stand
            later = instant + MINUTE - timedelta(microseconds=1)
            assert by_the_chain(self.instance, later) == stand


def test_an_approval_with_a_refusal_and_a_timeout(in_acme, alice, bob):
    install(approval())
    item = start(alice)
    instance = item.instance
    Diary(instance).after(
        lambda: item.activate(alice),
        lambda: item.complete(alice),
        lambda: do(at(instance, "approve"), bob, "REJECTED"),
        lambda: do(at(instance, "ask"), alice),
        lambda: clock.advance(timedelta(days=3)) and timers.run_due(9),
        lambda: do(at(instance, "escalate"), bob),
    ).agrees()
    assert instance.status == "complete"


def test_two_branches_that_join(in_acme, alice, bob):
    install(parallel())
    item = start(alice)
    instance = item.instance
    Diary(instance).after(
        lambda: do(item, alice),
        lambda: do(at(instance, "security"), bob),
        lambda: at(instance, "finance").activate(alice),
        lambda: at(instance, "finance").complete(alice),
        lambda: do(at(instance, "finalize"), alice),
    ).agrees()


def test_work_that_changes_hands(in_acme, alice, bob, admin):
    install(approval())
    item = start(alice)
    instance = item.instance
    do(item, alice)

    def approve() -> WorkItem:
        return at(instance, "approve")

    Diary(instance).after(
        lambda: handing.claim_work_item(approve(), by=bob),
        lambda: handing.release_work_item(approve(), by=bob),
        lambda: approve().activate(bob),
        lambda: handing.delegate_work_item(
            approve(), to=alice, by=bob, return_to_me=True
        ),
        lambda: do(approve(), alice, "APPROVED"),
        lambda: handing.reassign_work_item(approve(), to=alice, by=admin),
        lambda: engine.finish_work_item(approve(), by=alice, outcome="APPROVED"),
    ).agrees()


def test_work_that_is_automatic_pushed_or_falls_out(in_acme, alice, bob):
    install(
        process(
            A("ask", "Ask"),
            A("auto", "Auto", autostart=True, application="tests.auto"),
            A("push", "Push", push_application="tests.push", roles=("Managers",)),
            A("alone", "Alone", push_application="tests.push"),
            END,
            ways=(
                T("ask", "auto"),
                T("auto", "push"),
                T("push", "alone"),
                T("alone", "end"),
            ),
        )
    )
    item = start(alice)
    instance = item.instance
    with behaving(push=lambda *_, **__: bob):
        diary = Diary(instance).after(lambda: do(item, alice))
    diary.after(lambda: do(at(instance, "push"), bob)).agrees()
    assert at(instance, "alone").status == "fallout"


def test_a_token_that_waits_to_be_forwarded_stands_where_it_is(in_acme, alice):
    install(
        process(
            A("ask", "Ask", autofinish=False),
            A("more", "More"),
            END,
            ways=(T("ask", "more"), T("more", "end")),
        )
    )
    item = start(alice)
    instance = item.instance
    Diary(instance).after(
        lambda: do(item, alice),
        lambda: engine.forward_work_item(at(instance, "ask"), by=alice),
        lambda: do(at(instance, "more"), alice),
    ).agrees()


def test_before_it_began_it_was_not_there(in_acme, alice):
    install(approval())
    begun_at = clock.now()
    instance = start(alice).instance
    state = history.state_at(instance, begun_at - timedelta(microseconds=1))
    assert (state.status, state.items) == (None, ())
    assert history.state_at(instance, begun_at).status == "running"


def test_a_prepared_instance_is_initiated_until_it_starts(in_acme, alice):
    from tests.workflow.processes import document

    install(approval())
    instance = starting.prepare_process("test", document=document(alice), by=alice)
    Diary(instance).after(lambda: starting.start_instance(instance, by=alice)).agrees()


# What stops and goes on all work items of an instance


def told(seq: int, action: str, workitem_id: int | None = None, **values) -> AuditEvent:
    return AuditEvent(
        seq=seq,
        action=action,
        workitem_id=workitem_id,
        activity_id=workitem_id and workitem_id + 100,
        created_at=datetime(2026, 8, 3, 10, seq, tzinfo=UTC),
        **values,
    )


def test_suspending_and_ending_an_instance_reaches_its_work_items():
    events = [
        told(1, "workitem.created", 1, status_to="inactive"),
        told(2, "workitem.created", 2, status_to="blocked"),
        told(3, "workitem.created", 3, status_to="inactive"),
        told(4, "workitem.fallout", 3, status_to="fallout"),
        told(5, "instance.suspended", status_to="suspended"),
        told(6, "instance.resumed", status_to="running"),
        told(7, "incident.retried", 3),
        told(8, "instance.terminated", status_to="terminated"),
    ]
    seen = []
    for count in (5, 6, 7, 8):
        state = history.replayed(events[:count], at=events[count - 1].created_at)
        seen.append((state.status, [item.status for item in state.items]))
    assert seen == [
        ("suspended", ["suspended", "suspended", "fallout"]),
        ("running", ["inactive", "blocked", "fallout"]),
        ("running", ["inactive", "blocked", "inactive"]),
        ("terminated", ["cancelled", "cancelled", "cancelled"]),
    ]


# What an instant may look like


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-08-03T10:00:00Z", "2026-08-03T10:00:00+00:00"),
        ("2026-08-03T10:00+02:00", "2026-08-03T08:00:00+00:00"),
        ("2026-08-03T10:00 02:00", "2026-08-03T08:00:00+00:00"),
        ("2026-08-03T10:00", "2026-08-03T08:00:00+00:00"),
        ("2026-08-03", "2026-08-02T22:00:00+00:00"),
        ("2026-08-03T10:00:00.123456Z", "2026-08-03T10:00:00.123456+00:00"),
    ],
)
def test_an_instant_is_iso_8601_in_the_zone_in_force(text, meant):
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert history.instant(text) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "2026-08-03T25:00",
        "0001-01-01",
        "9999-12-31T23:59:59-23:59",
        "1",
        "\x00",
        "\ud800",
        "2026-08-03T10:00+99:00",
        "9" * 400,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(InstantInvalid):
        history.instant(text)


def test_a_time_begins_before_it_ends():
    begin, end = history.period("2026-08-03", "")
    assert (begin.isoformat()[:10], end) == ("2026-08-03", None)
    for since, until in (("2026-08-03", "2026-08-03"), ("2026-08-04", "2026-08-03")):
        with pytest.raises(InstantInvalid):
            history.period(since, until)

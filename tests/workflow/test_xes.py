"""Histories as XES, which any XML reader reads, and what it says of whom."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from accounts.models import User
from kernel import clock
from tenants.context import use
from tests.workflow.conftest import statements
from tests.workflow.processes import (
    approval,
    at,
    install,
    parallel,
    sent_for_approval,
    start,
)
from workflow import handing, timers, traces, xes
from workflow.models import Activity, AuditEvent, ProcessInstance
from workflow.traces import Child, Entry

NS = "{http://www.xes-standard.org/}"
API = "/api/protected"
Told = list[dict[str, str]]


def read(text: bytes | str) -> ET.Element:
    return ET.fromstring(text)


def attributes(element: ET.Element) -> dict[str, str]:
    """Return the attributes that stand directly in an element."""
    return {
        child.get("key"): child.get("value")
        for child in element
        if child.get("key") is not None
    }


def traces_in(log: ET.Element) -> list[tuple[dict[str, str], Told]]:
    return [
        (attributes(trace), [attributes(event) for event in trace.iter(f"{NS}event")])
        for trace in log.iter(f"{NS}trace")
    ]


def exported(**values) -> ET.Element:
    rows = ProcessInstance.objects.filter(process__code="test")
    return read(b"".join(xes.written(xes.Export("test", rows, **values))))


@pytest.fixture
def approved(in_acme, alice, bob, frozen_clock) -> ProcessInstance:
    """Return an instance that was approved in the end, each thing a minute apart."""
    install(approval())
    item = sent_for_approval(alice, bob)
    for step in (
        lambda: handing.claim_work_item(item, by=bob),
        lambda: handing.delegate_work_item(item, to=alice, by=bob),
        lambda: item.activate(alice),
        lambda: item.complete(alice, condition="APPROVED"),
    ):
        clock.advance(timedelta(minutes=1))
        step()
    return item.instance


def test_one_trace_an_instance_with_the_life_of_its_work(approved, alice, bob):
    [(trace, events)] = traces_in(exported())
    assert trace["concept:name"] == str(approved.pk)
    assert (trace["process"], trace["version"]) == ("test", "1")
    assert trace["status"] == "complete"
    assert [
        (event["concept:name"], event["lifecycle:transition"]) for event in events
    ] == [
        ("Ask", "schedule"),
        ("Ask", "assign"),
        ("Ask", "start"),
        ("Ask", "complete"),
        ("Approve", "schedule"),
        ("Approve", "assign"),
        ("Approve", "reassign"),
        ("Approve", "start"),
        ("Approve", "complete"),
        ("End", "schedule"),
        ("End", "complete"),
    ]
    instants = [datetime.fromisoformat(event["time:timestamp"]) for event in events]
    assert instants == sorted(instants)
    item = at(approved, "approve")
    assert {event["concept:instance"] for event in events[4:9]} == {str(item.pk)}
    assert [event.get("org:resource") for event in events[5:9]] == [
        xes.pseudonym(bob.pk),
        *[xes.pseudonym(alice.pk)] * 3,
    ]


def test_the_document_has_what_the_standard_asks_for(approved):
    log = exported()
    assert (log.tag, log.get("xes.version")) == (f"{NS}log", "1849-2016")
    order = [child.tag.removeprefix(NS) for child in log]
    assert order == [
        *["extension"] * 4,
        *["global"] * 2,
        *["classifier"] * 2,
        *["string"] * 2,
        "trace",
    ]
    assert {child.get("prefix") for child in log.iter(f"{NS}extension")} == {
        "concept",
        "lifecycle",
        "org",
        "time",
    }
    scopes = {one.get("scope"): set(attributes(one)) for one in log.iter(f"{NS}global")}
    for trace, events in traces_in(log):
        assert scopes["trace"] <= set(trace)
        assert all(scopes["event"] <= set(event) for event in events)


def test_nobody_is_named_but_to_who_may_read_the_audit_trail(approved, alice, bob):
    names = ("alice", "bob", "Alice", "Bob", approved.title)
    text = ET.tostring(exported(), encoding="unicode")
    assert not [name for name in names if name in text]
    [(trace, events)] = traces_in(exported(with_names=True))
    assert trace["requester"] == "alice"
    assert trace["title"] == approved.title
    assert {event.get("org:resource") for event in events[:9]} == {
        "alice",
        "bob",
    }


def test_a_pseudonym_is_the_same_in_each_export_and_another_elsewhere(
    acme, globex, alice
):
    words = []
    for tenant in (acme, acme, globex):
        with use(tenant):
            words.append(xes.pseudonym(alice.pk))
    assert words[0] == words[1] != words[2]


def test_the_engine_is_no_person(in_acme, alice, bob, frozen_clock):
    install(approval())
    sent_for_approval(alice, bob)
    clock.advance(timedelta(days=3))
    timers.run_due(9)
    [(_, events)] = traces_in(exported())
    [aborted] = [one for one in events if one["lifecycle:transition"] == "ate_abort"]
    assert aborted["org:resource"] == "engine"


HOSTILE = "<&>\"'\n\t\x01\x0b\ufffe]]>é\U0001f600"


def test_r83_whatever_a_title_holds_is_written_as_text(approved):
    rows = Activity._base_manager.filter(process=approved.process, key="ask")
    rows.update(title=HOSTILE)
    ProcessInstance.objects.update(title=HOSTILE)
    [(trace, events)] = traces_in(exported(with_names=True))
    readable = "<&>\"'\n\t\ufffd\ufffd\ufffd]]>é\U0001f600"
    assert {event["concept:name"] for event in events[:4]} == {readable}
    assert trace["title"] == readable


def test_events_of_the_instance_are_rows_only_where_they_are_asked_for(approved):
    [(_, plain)] = traces_in(exported())
    [(_, more)] = traces_in(exported(with_instance_events=True))
    assert [one for one in more if "concept:instance" in one] == plain
    assert [
        (one["concept:name"], one["lifecycle:transition"])
        for one in more
        if "concept:instance" not in one
    ] == [("test", "start"), ("test", "complete")]


def test_it_is_read_some_instances_and_some_events_at_a_time(
    in_acme, alice, bob, monkeypatch
):
    install(approval())
    for _ in range(5):
        sent_for_approval(alice, bob)
    with statements() as at_once:
        whole = ET.tostring(exported())
    monkeypatch.setattr(xes, "INSTANCES", 2)
    monkeypatch.setattr(xes, "EVENTS", 3)
    monkeypatch.setattr(xes, "PART", 100)
    rows = ProcessInstance.objects.all()
    parts = list(xes.written(xes.Export("test", rows)))
    assert len(parts) > 20
    assert ET.tostring(read(b"".join(parts))) == whole
    assert len(at_once.seen) < 10


def test_an_export_without_instances_is_a_log_without_traces(in_acme):
    assert traces_in(exported()) == []


# What events mean


def told(seq: int, action: str, workitem_id: int | None = 1, **values) -> AuditEvent:
    values.setdefault("metadata", {})
    return AuditEvent(
        seq=seq,
        action=action,
        workitem_id=workitem_id,
        activity_id=workitem_id and 10 * workitem_id,
        created_at=minute(seq),
        actor_id=7,
        **values,
    )


def minute(number: int) -> datetime:
    return datetime(2026, 8, 3, 10, number, tzinfo=UTC)


def words(events: list[AuditEvent], **values) -> list[tuple[int | None, str]]:
    return [
        (entry.workitem_id, entry.lifecycle)
        for entry in traces.entries(events, **values)
    ]


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("workitem.created", "schedule"),
        ("workitem.assigned", "assign"),
        ("workitem.activated", "start"),
        ("workitem.completed", "complete"),
        ("workitem.reassigned", "reassign"),
        ("workitem.delegated", "reassign"),
        ("workitem.returned", "reassign"),
        ("workitem.timeout", "ate_abort"),
        ("workitem.cancelled", "pi_abort"),
        ("incident.skipped", "manualskip"),
    ],
)
def test_each_action_has_its_word(action, word):
    assert words([told(1, action)]) == [(1, word)]


@pytest.mark.parametrize(
    "event",
    [
        told(1, "workitem.forwarded"),
        told(1, "workitem.released"),
        told(1, "workitem.timeout", metadata={"vetoed": True}),
        told(1, "instance.commented", None),
        told(1, "process.started", None),
    ],
)
def test_the_others_have_none(event):
    assert words([event]) == []


def test_suspending_an_instance_suspends_its_open_work():
    events = [
        told(1, "workitem.created", 1),
        told(2, "workitem.created", 2),
        told(3, "workitem.completed", 2),
        told(4, "instance.suspended", None),
        told(5, "instance.resumed", None),
        told(6, "instance.terminated", None),
    ]
    assert words(events)[3:] == [(1, "suspend"), (1, "resume")]
    assert words(events, with_instance=True)[3:] == [
        (None, "suspend"),
        (1, "suspend"),
        (None, "resume"),
        (1, "resume"),
        (None, "pi_abort"),
    ]


def test_work_at_a_subflow_starts_when_its_child_does():
    events = [
        told(1, "workitem.created", 1),
        told(2, "workitem.activated", 1),
        told(4, "workitem.completed", 1),
    ]
    child = Child(workitem_id=1, activity_id=10, at=minute(3))
    entries = list(traces.entries(events, children=[child]))
    assert [entry.lifecycle for entry in entries] == ["schedule", "start", "complete"]
    assert entries[1] == Entry(10, 1, "start", minute(3), None)


# The command


def command(*args: str) -> str:
    out = StringIO()
    call_command("goflow_export", "--tenant", "acme", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def two(acme, alice, bob) -> None:
    with use(acme):
        install(approval(roles=("Managers",)))
        sent_for_approval(alice, bob)
        install(parallel("both"))
        start(alice, "both")


def test_the_command_writes_to_the_standard_output(two):
    for args in ((), ("--output", "-"), ("--format", "xes", "--instance-events")):
        [(trace, _)] = traces_in(read(command("--process", "test", *args)))
        assert trace["process"] == "test"


def test_the_command_writes_a_file_that_is_whole(two, tmp_path: Path):
    target = tmp_path / "test.xes"
    said = command("--process", "test", "--output", str(target))
    [(_, events)] = traces_in(read(target.read_bytes()))
    assert said == f"Wrote 1 traces with {len(events)} events to {target}.\n"
    facts = json.loads(command("--process", "both", "--output", str(target), "--json"))
    assert (facts["tenant"], facts["traces"]) == ("acme", 1)
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_said_and_not_begun(two, tmp_path: Path):
    file, taken = tmp_path / "file", tmp_path / "taken.xes.part"
    file.touch()
    taken.mkdir()
    for name in (
        tmp_path,
        tmp_path / "no" / "where.xes",
        file / "below.xes",
        tmp_path / "taken.xes",
        tmp_path / ("long" * 100),
    ):
        with pytest.raises(CommandError, match="Cannot write") as refusal:
            command("--process", "test", "--output", str(name))
        assert refusal.value.returncode == 1
    assert sorted(tmp_path.iterdir()) == [file, taken]


@pytest.mark.parametrize(
    "args",
    [
        ("--process", "nothing"),
        ("--process", "a\x00"),
        ("--process", "test", "--since", "soon"),
        ("--process", "test", "--since", "2026-08-04", "--until", "2026-08-03"),
        ("--process", "test", "--json"),
    ],
)
def test_wrong_usage_of_the_command_ends_with_2(two, args):
    with pytest.raises(CommandError) as refusal:
        command(*args)
    assert refusal.value.returncode == 2


def test_a_file_is_of_one_tenant(two):
    with pytest.raises(CommandError) as refusal:
        call_command("goflow_export", "--all-tenants", "--process", "test")
    assert refusal.value.returncode == 2


def test_only_what_started_in_the_time_is_exported(two):
    today = clock.now()
    before = (today - timedelta(days=1)).isoformat()
    after = (today + timedelta(days=1)).isoformat()
    for args, count in (
        (("--since", before), 1),
        (("--until", after), 1),
        (("--since", before, "--until", after), 1),
        (("--since", after), 0),
        (("--until", before), 0),
    ):
        log = read(command("--process", "test", *args))
        assert len(traces_in(log)) == count


# The API


@pytest.fixture
def exporter(acme, carol) -> User:
    """Let carol export histories, and see the work of others."""
    with use(acme):
        for name in ("can_export", "can_view_others_work"):
            carol.user_permissions.add(Permission.objects.get(codename=name))
    return carol


@pytest.fixture
def process_id(acme, two) -> int:
    with use(acme):
        return ProcessInstance.objects.get(process__code="test").process_id


def test_who_may_export_gets_the_histories_they_see(api, acme, exporter, process_id):
    answer = api("carol").get(f"{API}/processes/{process_id}/xes")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/xml"
    assert answer["Content-Disposition"] == (
        f'attachment; filename="process-{process_id}.xes"'
    )
    [(trace, _)] = traces_in(read(answer.getvalue()))
    assert trace["requester"].startswith("person-")
    with use(acme):
        exporter.user_permissions.remove(
            Permission.objects.get(codename="can_view_others_work")
        )
    answer = api("carol").get(f"{API}/processes/{process_id}/xes")
    assert traces_in(read(answer.getvalue())) == []


def test_who_may_read_the_audit_trail_gets_names(api, process_id):
    answer = api("admin").get(f"{API}/processes/{process_id}/xes")
    [(trace, _)] = traces_in(read(answer.getvalue()))
    assert trace["requester"] == "alice"


@pytest.mark.parametrize(
    ("who", "path", "status", "code"),
    [
        ("alice", "", 403, "export.not_allowed"),
        ("admin", "?since=soon", 400, "instant.invalid"),
        ("admin", "?until=2026-99-99", 400, "instant.invalid"),
        (
            "admin",
            "?since=2026-08-04&until=2026-08-03",
            400,
            "instant.invalid",
        ),
        ("admin", "?from=2026-08-04", 400, "page.invalid"),
    ],
)
def test_an_export_that_cannot_be_is_refused(  # noqa: PLR0917 - pytest passes by name
    api, process_id, who, path, status, code
):
    answer = api(who).get(f"{API}/processes/{process_id}/xes{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_process_that_one_does_not_see_is_missing(api, process_id):
    for number in (process_id + 100, "9" * 40):
        answer = api("alice").get(f"{API}/processes/{number}/xes")
        assert (answer.status_code, answer.json()["code"]) == (404, "process.not_found")


def test_the_answer_is_narrowed_by_time(api, process_id):
    client = api("admin")
    for query, count in (("since=2000-01-01", 1), ("until=2000-01-01", 0)):
        answer = client.get(f"{API}/processes/{process_id}/xes?{query}")
        assert len(traces_in(read(answer.getvalue()))) == count

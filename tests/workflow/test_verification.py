"""Whatever the owner of the tables writes over, `goflow_audit_verify` names the row."""

import json
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from kernel import clock
from tenants.context import use
from tests.workflow.conftest import statements
from tests.workflow.processes import approval, at, do, install, sent_for_approval, start
from tests.workflow.tampered import as_the_owner
from workflow import audit, chain, verification
from workflow.models import AuditEvent, AuditHead, ProcessInstance, WorkItem

EVENTS = "workflow_auditevent"


@pytest.fixture
def approved(acme, alice, bob) -> ProcessInstance:
    """Return an instance of acme that went its whole way, among others."""
    with use(acme):
        install(approval())
        start(alice)
        item = sent_for_approval(alice, bob)
        do(item, bob, "APPROVED")
        start(alice)
        audit.record("process.disabled", metadata={"why": 'Ümläut "\U0001f600"\n'})
        return item.instance


def verify(*args: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    out = StringIO()
    try:
        call_command("goflow_audit_verify", "--tenant", "acme", *args, stdout=out)
    except CommandError as refusal:
        return refusal.returncode, out.getvalue()
    return 0, out.getvalue()


def findings(*args: str) -> list[dict[str, Any]]:
    code, said = verify("--json", *args)
    found = json.loads(said)["findings"]
    assert code == bool(found)
    return found


def test_what_nobody_touched_is_whole(acme, approved):
    code, said = verify()
    assert code == 0, said
    with use(acme):
        events = AuditEvent.objects.count()
        head = AuditHead.objects.get()
        chains = ProcessInstance.objects.count() + 1
    assert said == (
        f"The audit trail is whole: {events} events in {chains} chains,"
        " and 0 anchors.\n"
        f"The tenant's chain ends at row {head.seq}: {head.hash}\n"
    )


def test_what_the_engine_writes_of_everything_is_whole(in_acme, alice, bob):
    from tests.isolation.test_goflow_tenancy import everything_happens

    everything_happens(alice, bob)
    assert verification.verify().findings == []


MIDDLE = "instance_id = %(instance)s AND seq = 3"
#: A positive number is a rule of the column, which an owner can lift.
NO_LIMITS = f"ALTER TABLE {EVENTS} DROP CONSTRAINT workflow_auditevent_seq_check"
TAMPERING = {
    "an action": ("changed", 3, f"UPDATE {EVENTS} SET action = 'x' WHERE {MIDDLE}"),
    "who did it": ("changed", 3, f"UPDATE {EVENTS} SET actor_id = 7 WHERE {MIDDLE}"),
    "when": (
        "changed",
        3,
        f"UPDATE {EVENTS} SET created_at = created_at - interval '1 s' WHERE {MIDDLE}",
    ),
    "never": (
        "changed",
        3,
        f"UPDATE {EVENTS} SET created_at = 'infinity' WHERE {MIDDLE}",
    ),
    "what was said": (
        "changed",
        3,
        f"""UPDATE {EVENTS} SET metadata = '{{"a": [1.5, null]}}' WHERE {MIDDLE}""",
    ),
    "a number that nobody reads": (
        "changed",
        3,
        f"""UPDATE {EVENTS}
        SET metadata = ('{{"a": 1' || repeat('0', 5000) || '}}')::jsonb
        WHERE {MIDDLE}""",
    ),
    "a list in lists that nobody reads": (
        "changed",
        3,
        f"""UPDATE {EVENTS} SET metadata = ('{{"a": ' || repeat('[', 2500)
        || repeat(']', 2500) || '}}')::jsonb WHERE {MIDDLE}""",
    ),
    "whose it is": (
        "changed",
        3,
        f"UPDATE {EVENTS} SET tenant_id = 'somebody' WHERE {MIDDLE}",
    ),
    "a hash": ("changed", 3, f"UPDATE {EVENTS} SET hash = 'x' WHERE {MIDDLE}"),
    "a row in the middle": ("removed", 3, f"DELETE FROM {EVENTS} WHERE {MIDDLE}"),
    "the first row": (
        "removed",
        1,
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s AND seq = 1",
    ),
    "the end": (
        "removed",
        5,
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s AND seq > 4",
    ),
    "all of it": (
        "removed",
        1,
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s",
    ),
    "the order": (
        "reordered",
        3,
        NO_LIMITS,
        f"UPDATE {EVENTS} SET seq = -4 WHERE {MIDDLE}",
        f"UPDATE {EVENTS} SET seq = 3 WHERE instance_id = %(instance)s AND seq = 4",
        f"UPDATE {EVENTS} SET seq = 4 WHERE instance_id = %(instance)s AND seq = -4",
    ),
    "the end that the instance names": (
        "changed",
        None,
        "UPDATE workflow_processinstance SET audit_head = 'x' WHERE id = %(instance)s",
    ),
    "how many the instance names": (
        "inserted",
        3,
        "UPDATE workflow_processinstance SET audit_seq = 2 WHERE id = %(instance)s",
    ),
    "a row into another chain": (
        "removed",
        3,
        f"UPDATE {EVENTS} SET instance_id = -1 WHERE {MIDDLE}",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_r99_the_row_that_was_tampered_with_is_named(acme, approved, what):
    kind, seq, *sent = TAMPERING[what]
    as_the_owner(acme, *sent, instance=approved.pk)

    code, said = verify()
    seq = seq or approved_length(acme, approved)
    assert code == 1
    assert f"instance {approved.pk}, row {seq}: {kind}: " in said
    [found] = [one for one in findings() if one["instance_id"] == approved.pk]
    assert (found["seq"], found["kind"]) == (seq, kind)
    assert findings("--instance", str(approved.pk)) == [found]


def approved_length(tenant, instance) -> int:
    with use(tenant):
        return ProcessInstance.objects.get(pk=instance.pk).audit_seq


def test_r99_a_row_that_was_forged_well_is_named(acme, approved):
    with use(acme):
        last = AuditEvent.objects.of_instance(approved.pk).last()
        forged = {name: getattr(last, name) for name in chain.COVERED}
        forged.update(
            seq=last.seq + 1, prev_hash=last.hash, action="workitem.completed"
        )
        AuditEvent.objects.create(**forged, hash=chain.digest(forged))
    [found] = findings()
    assert (found["seq"], found["kind"]) == (last.seq + 1, "inserted")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (f"DELETE FROM {EVENTS} WHERE instance_id IS NULL AND seq = 1", "removed"),
        (
            f"UPDATE {EVENTS} SET action = 'x' WHERE instance_id IS NULL AND seq = 1",
            "changed",
        ),
        (f"DELETE FROM {EVENTS} WHERE instance_id IS NULL", "removed"),
        ("DELETE FROM workflow_audithead", "removed"),
        ("UPDATE workflow_audithead SET hash = 'x'", "changed"),
    ],
)
def test_r99_the_chain_of_the_tenant_is_followed_too(acme, approved, statement, kind):
    as_the_owner(acme, statement)
    [found] = findings()
    assert (found["instance_id"], found["kind"]) == (None, kind)
    assert "tenant, row " in verify()[1]


def test_r99_an_instance_that_is_gone_leaves_a_chain_without_an_end(acme, approved):
    with use(acme):
        other = start(approved.user).instance
    as_the_owner(
        acme,
        "DELETE FROM workflow_timer WHERE instance_id = %(instance)s",
        "DELETE FROM workflow_workitem WHERE instance_id = %(instance)s",
        "DELETE FROM workflow_processinstance WHERE id = %(instance)s",
        instance=other.pk,
    )
    [found] = findings()
    assert (found["instance_id"], found["kind"]) == (other.pk, "removed")


def test_each_chain_tells_its_first_row_only_and_every_chain_does(acme, approved):
    as_the_owner(acme, f"UPDATE {EVENTS} SET action = 'x' WHERE seq > 1")
    found = findings()
    with use(acme):
        chains = ProcessInstance.objects.count()
        assert len(found) == chains + (AuditHead.objects.get().seq > 1)
    assert {(one["seq"], one["kind"]) for one in found} == {(2, "changed")}


def test_a_name_can_be_erased_and_the_chain_stays_whole(acme, approved):
    as_the_owner(acme, f"UPDATE {EVENTS} SET actor_label = ''")
    assert findings() == []


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {EVENTS} SET actor_label = ''",
        f"UPDATE {EVENTS} SET metadata = '{{}}'",
        f"DELETE FROM {EVENTS}",
        f"TRUNCATE {EVENTS}",
    ],
)
def test_r99_the_tenant_may_insert_and_read_and_nothing_else(in_acme, statement):
    with (
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(statement)


def test_r100_what_is_believed_begins_where_since_says(acme, approved, frozen_clock):
    as_the_owner(acme, f"UPDATE {EVENTS} SET action = 'x' WHERE seq = 2")
    now = clock.now().isoformat()
    assert findings() != []
    assert findings("--since", now) == []
    with use(acme):
        item = start(approved.user)
    as_the_owner(
        acme,
        f"UPDATE {EVENTS} SET action = 'x' WHERE instance_id = %(instance)s"
        " AND seq = 2",
        instance=item.instance_id,
    )
    assert [one["instance_id"] for one in findings("--since", now)] == [
        item.instance_id
    ]


def test_a_chain_that_lost_its_end_shows_whatever_is_believed(acme, approved):
    as_the_owner(
        acme,
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s AND seq > 4",
        instance=approved.pk,
    )
    [found] = findings("--since", "2100-01-01")
    assert (found["seq"], found["kind"]) == (5, "removed")


def test_a_step_of_a_disabled_audit_leaves_nothing_to_find(acme, alice, settings):
    settings.GOFLOW_AUDIT_ENABLED = False
    with use(acme):
        install(approval())
        start(alice)
        assert WorkItem.objects.exists()
    assert findings() == []


def test_it_reads_a_batch_at_a_time_and_writes_nothing(
    in_acme, alice, bob, monkeypatch
):
    install(approval())
    for _ in range(6):
        do(at(sent_for_approval(alice, bob).instance, "approve"), bob, "APPROVED")
    whole = verification.verify()
    monkeypatch.setattr(verification, "BATCH", 10)
    monkeypatch.setattr(verification, "AT_ONCE", 3)
    with statements() as seen:
        assert verification.verify() == whole
    assert whole.findings == []
    reads = [one for one in seen.seen if "is_head" in one]
    assert len(reads) > 5
    assert not [one for one in seen.seen if "INSERT" in one or "UPDATE" in one]


def test_it_stops_where_nobody_would_read_on(in_acme, alice, monkeypatch):
    install(approval())
    for _ in range(3):
        start(alice)
    as_the_owner(in_acme, f"UPDATE {EVENTS} SET action = 'x' WHERE seq = 1")
    monkeypatch.setattr(verification, "MOST_FINDINGS", 2)
    report = verification.verify()
    assert (len(report.findings), report.is_cut_short) == (2, True)


# The command


def command(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("goflow_audit_verify", *args, stdout=out)
    except CommandError as refusal:
        return refusal.returncode, f"{out.getvalue()}{refusal}"
    return 0, out.getvalue()


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--tenant", "nobody"),
        ("--tenant", "acme", "--all-tenants"),
        ("--all-tenants", "--instance", "1"),
        ("--tenant", "acme", "--instance", "0"),
        ("--tenant", "acme", "--instance", str(2**70)),
        ("--tenant", "acme", "--instance", "999999"),
        ("--tenant", "acme", "--since", "yesterday"),
        ("--tenant", "acme", "--since", "0001-01-01"),
    ],
)
def test_wrong_usage_ends_with_2(acme, args):
    assert command(*args)[0] == 2


def test_of_several_tenants_each_has_its_line(acme, approved):
    code, said = command("--all-tenants")
    assert code == 0
    assert "acme: The audit trail is whole" in said
    assert "globex: The audit trail is whole" in said
    lines = command("--tenant", "acme", "--tenant", "globex", "--json")[1].splitlines()
    assert [json.loads(line)["tenant"] for line in lines] == ["acme", "globex"]


def test_a_tenant_that_cannot_be_read_stops_no_other(acme, globex, approved):
    as_the_owner(globex, f"ALTER TABLE {EVENTS} RENAME TO elsewhere")
    code, said = command("--all-tenants")
    assert code == 3
    assert "globex: ProgrammingError" in said
    assert "acme: The audit trail is whole" in said
    assert command("--tenant", "globex")[0] == 1
    assert json.loads(command("--tenant", "globex", "--json")[1].splitlines()[0])[
        "error"
    ]


# How fast


def many_chains(tenant, chains: int, length: int) -> None:
    """Put whole chains of made-up events into the table, and nothing beside them."""
    columns = [*chain.COVERED, "hash", "actor_label"]
    copy = f"COPY {EVENTS} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copy) as table:
        for instance in range(1, chains + 1):
            prev_hash = ""
            for seq in range(1, length + 1):
                event = made_up(str(tenant.uuid), 10**6 + instance, seq, prev_hash)
                prev_hash = event["hash"] = chain.digest(event)
                row = {**event, "metadata": json.dumps(event["metadata"])}
                table.write_row([*(row[name] for name in columns[:-1]), "Alice"])


def made_up(tenant_id: str, instance: int, seq: int, prev_hash: str) -> dict[str, Any]:
    numbers = {"transitions": [instance, seq], "successors": [instance + seq]}
    return {
        "tenant_id": tenant_id,
        "created_at": clock.now(),
        "action": "workitem.forwarded",
        "actor_id": 3,
        "process_id": 1,
        "instance_id": instance,
        "workitem_id": 7 * instance + seq,
        "activity_id": 4,
        "transition_id": None,
        "status_from": "active",
        "status_to": "complete",
        "metadata": numbers if seq % 2 else {},
        "seq": seq,
        "prev_hash": prev_hash,
    }


def test_each_event_is_read_and_hashed_once_however_many_chains_there_are(
    in_acme, monkeypatch
):
    """Reading and hashing is the least that looking takes; a chain adds nothing."""
    many_chains(in_acme, 400, 10)
    # Their instances are not there, which each chain tells.
    monkeypatch.setattr(verification, "MOST_FINDINGS", 10**6)
    monkeypatch.setattr(verification, "BATCH", 1000)
    truly, hashed = chain.Written.digest, Counter()

    def digest(written: chain.Written) -> str:
        hashed[written.instance_id, written.seq] += 1
        return truly(written)

    monkeypatch.setattr(chain.Written, "digest", digest)
    with statements() as seen:
        report = verification.verify()
    assert report.events == len(hashed) == 4000 + 1  # the tenant's own
    assert set(hashed.values()) == {1}
    reads = [one for one in seen.seen if "is_head" in one]
    assert len(reads) == 1 + 4  # the tenant's own chain, and full batches
    assert len(seen.seen) <= 5 * len(reads)

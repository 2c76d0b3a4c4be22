"""Anchors find a chain that is gone with its instance, or that was written anew."""

import hashlib
from datetime import timedelta

import pytest
from django.core.checks import run_checks

from kernel import clock
from tenants.context import TenantInfo, use
from tenants.scheduling import offsets, sources
from tests.workflow.processes import approval, do, install, sent_for_approval, start
from tests.workflow.tampered import as_the_owner
from workflow import anchors, chain, verification
from workflow.models import AuditEvent, ProcessInstance

pytestmark = pytest.mark.usefixtures("frozen_clock")

HOUR = timedelta(hours=1)
EVENTS = "workflow_auditevent"


@pytest.fixture
def told(in_acme, alice, bob) -> list[ProcessInstance]:
    """Return three instances, of which the second is complete, an hour later."""
    install(approval())
    items = [start(alice), sent_for_approval(alice, bob), start(alice)]
    do(items[1], bob, "APPROVED")
    clock.advance(HOUR)
    return [item.instance for item in items]


def metadata() -> list[dict]:
    return [event.metadata for event in anchors.anchors().order_by("seq")]


def found() -> list[tuple[int | None, str]]:
    return [(one.instance_id, one.kind) for one in verification.verify().findings]


def lost(tenant: TenantInfo, instance: ProcessInstance) -> None:
    """Delete an instance with all that belongs to it, its chain included."""
    as_the_owner(
        tenant,
        "DELETE FROM workflow_timer WHERE instance_id = %(instance)s",
        "DELETE FROM workflow_workitem_pull_roles WHERE workitem_id IN"
        " (SELECT id FROM workflow_workitem WHERE instance_id = %(instance)s)",
        "DELETE FROM workflow_workitem WHERE instance_id = %(instance)s",
        "DELETE FROM workflow_processinstance WHERE id = %(instance)s",
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s",
        instance=instance.pk,
    )


def test_an_anchor_holds_where_every_chain_stands(told, alice):
    assert anchors.anchor(by=alice) == 1

    [event] = anchors.anchors()
    heads = {one.pk: one for one in ProcessInstance.objects.all()}
    groups = event.metadata["groups"]
    assert event.actor_id == alice.pk
    assert [group[0] for group in groups] == sorted(heads)
    for first, last, chains, root in groups:
        one = heads[first]
        text = f"{one.pk} {one.audit_seq} {one.audit_head}\n"
        assert (last, chains) == (first, 1)
        assert root == hashlib.sha256(text.encode()).hexdigest()
    assert event.metadata["chains"] == len(heads)
    assert event.metadata["highest"] == max(heads)
    assert event.metadata["root"] == anchors.Anchor.from_json(event.metadata).root


def test_r99_a_chain_that_is_gone_with_its_instance_is_found(in_acme, told):
    anchors.anchor()
    assert found() == []
    lost(in_acme, told[1])
    report = verification.verify()
    [finding] = report.findings
    assert (finding.instance_id, finding.kind) == (None, "removed")
    assert f"instance {told[1].pk}" in finding.message
    assert (report.anchors, report.head.seq) == (1, finding.seq)


def test_without_an_anchor_it_would_not_be(in_acme, told):
    lost(in_acme, told[1])
    assert found() == []


def test_r99_a_chain_that_was_written_anew_to_its_head_is_found(in_acme, told):
    anchors.anchor()
    forge(in_acme, told[1])
    assert found() == [(None, "changed")]


def test_r99_a_chain_that_was_cut_with_its_head_is_found(in_acme, told):
    anchors.anchor()
    cut = told[1]
    before = AuditEvent.objects.get(instance_id=cut.pk, seq=3)
    as_the_owner(
        in_acme,
        f"DELETE FROM {EVENTS} WHERE instance_id = %(instance)s AND seq > 3",
        "UPDATE workflow_processinstance SET audit_seq = 3, audit_head = %(hash)s"
        " WHERE id = %(instance)s",
        instance=cut.pk,
        hash=before.hash,
    )
    assert found() == [(None, "changed")]


def forge(tenant: TenantInfo, instance: ProcessInstance) -> None:
    """Write a chain anew, with somebody else in it, and its head too."""
    prev_hash = ""
    for event in AuditEvent.objects.of_instance(instance.pk):
        event.actor_id, event.prev_hash = 1, prev_hash
        prev_hash = chain.digest(vars(event))
        as_the_owner(
            tenant,
            f"UPDATE {EVENTS} SET actor_id = 1, prev_hash = %(link)s, hash = %(hash)s"
            " WHERE id = %(id)s",
            link=event.prev_hash,
            hash=prev_hash,
            id=event.pk,
        )
    as_the_owner(
        tenant,
        "UPDATE workflow_processinstance SET audit_head = %(hash)s WHERE id = %(id)s",
        hash=prev_hash,
        id=instance.pk,
    )


def test_chains_go_on_after_an_anchor_and_it_still_holds(told, alice, bob):
    anchors.anchor()
    do(ProcessInstance.objects.get(pk=told[0].pk).workitems.get(), alice)
    start(alice)
    assert found() == []


def test_an_anchor_holds_what_moved_since_the_one_before(in_acme, told, alice):
    anchors.anchor()
    do(told[0].workitems.get(), alice)
    clock.advance(HOUR)
    assert anchors.anchor() == 1
    first, second = metadata()
    assert second["after"] == first["through"]
    assert [group[0] for group in second["groups"]] == [told[0].pk]

    # The first one holds the chain of the second instance, however old it gets.
    lost(in_acme, told[1])
    assert found() == [(None, "removed")]


def test_r99_an_anchor_is_a_row_of_the_chain_of_the_tenant(in_acme, told):
    anchors.anchor()
    as_the_owner(
        in_acme,
        f"UPDATE {EVENTS} SET metadata = '{{}}' WHERE action = 'audit.anchored'",
    )
    assert found() == [(None, "changed")]


def test_nothing_is_anchored_twice_and_nothing_where_nothing_moved(told):
    assert [anchors.anchor() for _ in range(3)] == [1, 0, 0]
    clock.advance(HOUR)
    assert anchors.anchor() == 0


def test_what_may_still_be_under_way_waits_for_the_next_anchor(in_acme, alice):
    install(approval())
    start(alice)
    assert anchors.anchor() == 0
    clock.advance(anchors.SETTLED - timedelta(microseconds=1))
    assert anchors.anchor() == 0
    young = start(alice).instance
    clock.advance(timedelta(microseconds=1))
    assert anchors.anchor() == 1
    assert metadata()[0]["highest"] == young.pk - 1


def test_many_chains_are_held_in_groups_of_neighbours(in_acme, told, monkeypatch):
    monkeypatch.setattr(anchors, "GROUPS", 2)
    anchors.anchor()
    [held] = metadata()
    ids = [one.pk for one in told]
    assert [group[:3] for group in held["groups"]] == [
        [ids[0], ids[1], 2],
        [ids[2], ids[2], 1],
    ]
    lost(in_acme, told[0])
    [finding] = verification.verify().findings
    assert f"instances {ids[0]} to {ids[1]} that it holds, 1 of 2" in finding.message


def test_a_long_time_is_held_in_several_anchors(told, monkeypatch):
    monkeypatch.setattr(anchors, "WINDOW", 4)
    written = anchors.anchor()
    assert written > 3
    held = metadata()
    assert [one["after"] for one in held[1:]] == [one["through"] for one in held[:-1]]
    assert found() == []


def test_an_anchor_is_due_a_day_after_the_last_one_or_the_first_event(told, alice):
    first = AuditEvent.objects.filter(instance_id__isnull=False).earliest("id")
    due_at = anchors.next_anchor_at()
    day_after = first.created_at + timedelta(hours=24)
    assert abs(due_at - day_after) < offsets.WINDOW
    assert anchors.anchor_if_due(due_at - timedelta(seconds=1)) == 0

    clock.advance(due_at - clock.now())
    assert anchors.anchor_if_due() == 1
    assert anchors.next_anchor_at() is None

    started_at = clock.advance(timedelta(hours=30))
    start(alice)
    assert anchors.next_anchor_at() == started_at + anchors.SETTLED
    assert anchors.anchor_if_due() == 0
    clock.advance(anchors.SETTLED)
    assert anchors.anchor_if_due(clock.now()) == 1


def test_anchoring_is_a_source_of_due_work(told, settings):
    settings.TENANT_DUE_SOURCES = ["workflow.anchors"]
    due_at = sources.next_due()
    assert sources.run().total == 0
    clock.advance(due_at - clock.now())
    assert sources.run().handled == {"workflow.anchors": 1}
    assert sources.next_due() is None


def test_without_audit_nothing_is_anchored(told, settings):
    settings.GOFLOW_AUDIT_ENABLED = False
    assert anchors.next_anchor_at() is None
    assert anchors.anchor() == 0


@pytest.mark.parametrize("hours", [0, -1, "24", None, True, 10**9, float("nan")])
def test_a_time_between_anchors_that_is_none_is_a_message(settings, hours):
    settings.GOFLOW_AUDIT_ANCHOR_HOURS = hours
    assert "workflow.E008" in [message.id for message in run_checks()]


def test_anchors_of_two_processes_at_once_are_one(told, monkeypatch):
    """Whoever comes second finds that the last anchor is another one."""
    made = anchors.made

    def meanwhile(*window):
        found = made(*window)
        monkeypatch.setattr(anchors, "made", made)
        assert anchors.anchor() == 1
        return found

    monkeypatch.setattr(anchors, "made", meanwhile)
    assert anchors.anchor() == 0
    assert len(metadata()) == 1


def test_the_anchors_of_a_tenant_are_its_own(acme, globex, person):
    for tenant in (acme, globex):
        with use(tenant):
            install(approval())
            start(person("alice", tenant))
    clock.advance(HOUR)
    with use(acme):
        assert anchors.anchor() == 1
    with use(globex):
        assert anchors.newest() is None

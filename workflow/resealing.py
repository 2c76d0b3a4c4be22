"""Seal the audit trail anew where its tenant got another uuid.

The uuid is part of what each event's hash covers, so that no event can be carried to
another tenant. A copy of a tenant is another tenant, and its trail begins with what it
copied: every chain is hashed again, the anchors too, and an event of the copy says of
which trail it is one, where that ended, and how many of its seals did not fit.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from django.db import connection, transaction

from tenants.portability.policies import Imported
from workflow import anchors, audit, chain, verification
from workflow.anchors import Anchor
from workflow.models import AuditEvent, AuditHead
from workflow.tampering import Row

ACTION: Final = "audit.copied"

SEAL: Final = """
UPDATE workflow_auditevent AS event SET prev_hash = new.prev_hash, hash = new.hash
FROM unnest(%s::int[], %s::text[], %s::text[]) AS new (seq, prev_hash, hash)
WHERE event.seq = new.seq AND event.instance_id IS NOT DISTINCT FROM %s
"""
HEAD_OF_INSTANCE: Final = """
UPDATE workflow_processinstance SET audit_head = %s WHERE id = %s AND audit_seq = %s
"""
ANCHORED: Final = """
UPDATE workflow_auditevent SET metadata = %s::jsonb
WHERE instance_id IS NULL AND seq = %s
"""
#: Events that one statement seals.
AT_ONCE: Final = 5_000

Sealed = tuple[int, str, str]


def reseal(imported: Imported) -> None:
    """Seal every chain of the entered tenant, once; a second call changes nothing.

    The caller entered as the owner of the tables: a tenant changes no event.
    """
    with transaction.atomic():
        AuditHead.objects.select_for_update().first()
        if AuditEvent.objects.filter(instance_id=None, action=ACTION).exists():
            return
        head = AuditHead.objects.filter(pk=1).first()
        former = str(imported.former)
        wrong = sum(instance_chains(former)) + tenant_chain(former)
        audit.record(
            ACTION,
            metadata={
                "from": former,
                "seq": head.seq if head else 0,
                "hash": head.hash if head else "",
                "unfit": None if imported.anonymised else wrong,
            },
        )


def instance_chains(former: str) -> Iterator[int]:
    """Seal the chains of all instances; yield how many seals of each did not fit."""
    for rows in verification.batches():
        for key, members in groupby(rows, key=lambda row: row[verification.INSTANCE]):
            events = list(verification.events_of(members, []))
            yield unfit(events, former)
            last = seal(events, instance_id=key)
            if last is not None:
                run(HEAD_OF_INSTANCE, [last[2], key, last[0]])


def tenant_chain(former: str) -> int:
    """Seal the tenant's own chain, whose anchors hold what the others are now."""
    wrong = unfit(verification.events_of(verification.tenant_chain(), []), former)
    for event in anchors.anchors().order_by("seq"):
        again = anchored(Anchor.from_json(event.metadata))
        run(ANCHORED, [chain.canonical(again.as_json()), event.seq])
    events = verification.events_of(verification.tenant_chain(), [])
    last = seal(list(events), instance_id=None)
    if last is not None:
        AuditHead.objects.filter(pk=1, seq=last[0]).update(hash=last[2])
    return wrong


def anchored(anchor: Anchor) -> Anchor:
    """Return an anchor of the same window, with the heads as they are sealed now.

    A group of which nothing is left stays as it was, and goes on being a finding.
    """
    now = anchors.made_again(anchor)
    groups = tuple(
        found or group for found, group in zip(now, anchor.groups, strict=True)
    )
    return Anchor(anchor.after, anchor.through, groups)


def unfit(events: Iterable[Row], former: str) -> int:
    """Return how many events are not what was sealed under the former uuid."""
    wrong, before = 0, ""
    for row in events:
        written = row.event._replace(tenant_id=former)
        wrong += written.digest() != row.hash or written.prev_hash != before
        before = row.hash
    return wrong


def seal(events: Iterable[Row], *, instance_id: int | None) -> Sealed | None:
    """Hash one chain again; return its last event as it is sealed now."""
    before = ""
    new: list[Sealed] = []
    for row in events:
        again = row.event._replace(prev_hash=before)
        before, former = again.digest(), before
        new.append((again.seq, former, before))
    for first in range(0, len(new), AT_ONCE):
        part = new[first : first + AT_ONCE]
        run(SEAL, [*map(list, zip(*part, strict=True)), instance_id])
    return new[-1] if new else None


def run(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)

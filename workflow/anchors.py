"""Anchors: where all chains stand is written into the tenant's own chain now and then.

A chain that is gone with its instance, or that was written anew from its beginning,
does not show in itself; it shows in the anchor that holds it.
An anchor covers the events since the one before it, in the order in which the database
numbered them, and holds of each chain the last of these: every chain that moved stands
in an anchor of its day, and anchors stay in the chain of the tenant.
The heads are hashed in groups of neighbours, so that a finding names few instances.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from django.db.models import BigIntegerField, F, Max, Min, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Greatest

from kernel import clock
from tenants.scheduling import offsets, sources
from workflow import audit, conf, sql
from workflow.models import AuditEvent, AuditHead

ACTION: Final = "audit.anchored"
#: A step that read the clock so long ago has been committed, or never will be.
SETTLED: Final = timedelta(minutes=10)
#: Into how many groups an anchor puts the chains.
GROUPS: Final = 64
#: How many event numbers one anchor covers, so that reading them stays short.
WINDOW: Final = 500_000
AT_ONCE: Final = 2000


class ChainHead(NamedTuple):
    """Where the chain of an instance stood: the number and the hash of an event."""

    instance_id: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Group:
    """Some chains of an anchor: of the instances from `first` to `last`."""

    first: int
    last: int
    chains: int
    root: str

    def as_json(self) -> list[Any]:
        return [self.first, self.last, self.chains, self.root]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an anchor holds: of the events numbered `after` < id <= `through`."""

    after: int
    through: int
    groups: tuple[Group, ...]

    @property
    def chains(self) -> int:
        return sum(group.chains for group in self.groups)

    @property
    def root(self) -> str:
        """The hash over the roots of all groups."""
        roots = "\n".join(group.root for group in self.groups)
        return hashlib.sha256(roots.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the metadata of its event."""
        return {
            "after": self.after,
            "through": self.through,
            "chains": self.chains,
            "highest": self.groups[-1].last if self.groups else None,
            "root": self.root,
            "groups": [group.as_json() for group in self.groups],
        }

    @classmethod
    def from_json(cls, metadata: Any) -> "Anchor":
        """Read an anchor from the metadata of its event."""
        groups = tuple(Group(*group) for group in metadata["groups"])
        return cls(metadata["after"], metadata["through"], groups)


def anchor(*, by: Any = None) -> int:
    """Write down where all chains stand; return how many anchors that took.

    Nothing is written where no chain has moved since the last anchor. What is younger
    than SETTLED waits for the next one.
    """
    written = 0
    while conf.value("GOFLOW_AUDIT_ENABLED"):
        last = newest()
        window = next_window(last)
        if window is None or not append(made(*window), after=last, by=by):
            break
        written += 1
    return written


def anchor_if_due(now: datetime | None = None) -> int:
    """Anchor if GOFLOW_AUDIT_ANCHOR_HOURS have passed; return how many were written.

    To some minutes: each tenant has its turn at another instant.
    """
    due_at = next_anchor_at()
    if due_at is None or due_at > (now or clock.now()):
        return 0
    return anchor()


def next_anchor_at() -> datetime | None:
    """Return when the next anchor is due, or None where no chain has moved since."""
    return sources.earliest(due_instants())


def run_due(limit: int) -> int:  # noqa: ARG001 - every due source is asked so
    """Anchor if it is time; for TENANT_DUE_SOURCES."""
    return anchor_if_due()


def due_instants() -> list["QuerySet[Any]"]:
    """Return the query of when it is time; for TENANT_DUE_SOURCES."""
    if not conf.value("GOFLOW_AUDIT_ENABLED"):
        return []
    last = anchors().order_by("-seq")
    through = Cast(KeyTextTransform("through", "metadata"), BigIntegerField())
    covered = Coalesce(Subquery(last.values(at=through)[:1]), 0)
    since = Coalesce(Subquery(last.values("created_at")[:1]), F("created_at"))
    pause = timedelta(hours=conf.value("GOFLOW_AUDIT_ANCHOR_HOURS"))
    turn = offsets.in_turn(since + pause, window=min(offsets.WINDOW, pause))
    due_at = Greatest(turn, F("created_at") + SETTLED)
    waiting = AuditEvent.objects.filter(id__gt=covered, instance_id__isnull=False)
    return [waiting.order_by("id").annotate(at=due_at).values_list("at")[:1]]


def append(found: Anchor, *, after: AuditEvent | None, by: Any) -> bool:
    """Write an anchor; False where another process wrote one meanwhile."""
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=1)
        AuditHead.objects.select_for_update().get(pk=1)
        if newest() != after:
            return False
        audit.record(ACTION, by=by, metadata=found.as_json())
    return True


def next_window(last: AuditEvent | None) -> tuple[int, int] | None:
    """Return the numbers of the events that the next anchor covers, or None."""
    moved = moved_after(last)
    fresh = moved.filter(created_at__gt=clock.now() - SETTLED)
    first_fresh = fresh.aggregate(found=Min("id"))["found"]
    if first_fresh is not None:
        moved = moved.filter(id__lt=first_fresh)
    through = moved.aggregate(found=Max("id"))["found"]
    if through is None:
        return None
    after = covered_by(last)
    first = moved.aggregate(found=Min("id"))["found"]
    return after, min(through, first + WINDOW)


def moved_after(last: AuditEvent | None) -> "QuerySet[AuditEvent]":
    """Return the events of instances that no anchor covers."""
    events: QuerySet[AuditEvent] = AuditEvent.objects.filter(
        id__gt=covered_by(last), instance_id__isnull=False
    )
    return events


def covered_by(last: AuditEvent | None) -> int:
    return int(last.metadata["through"]) if last else 0


def newest() -> AuditEvent | None:
    """Return the last anchor."""
    found: AuditEvent | None = anchors().order_by("-seq").first()
    return found


def anchors() -> "QuerySet[AuditEvent]":
    """Return the anchors of the tenant."""
    events: QuerySet[AuditEvent] = AuditEvent.objects.filter(
        instance_id__isnull=True, action=ACTION
    )
    return events


# What stands in one


def made(after: int, through: int) -> Anchor:
    """Return the anchor of a window of events, as the table has it now."""
    count = sum(1 for _ in heads(after, through))
    size = -(-count // GROUPS) or 1
    found = heads(after, through)
    parts = iter(lambda: group_of(islice(found, size)), None)
    return Anchor(after, through, tuple(part for part in parts if part is not None))


def made_again(anchor: Anchor) -> list[Group | None]:
    """Return the groups of an anchor as the table has them now, in its own order.

    None stands for a group of which nothing is left.
    """
    firsts = [group.first for group in anchor.groups]
    found: list[Group | None] = [None] * len(firsts)
    if not firsts:
        return found

    def place(head: ChainHead) -> int:
        return max(0, bisect_right(firsts, head.instance_id) - 1)

    for index, members in groupby(heads(anchor.after, anchor.through), key=place):
        found[index] = group_of(members)
    return found


def group_of(chains: Iterable[ChainHead]) -> Group | None:
    """Return a group of chains, which come in order; None where there is none."""
    root, first, last, count = hashlib.sha256(), 0, 0, 0
    for last, seq, digest in chains:
        first = first or last
        count += 1
        root.update(f"{last} {seq} {digest}\n".encode())
    return Group(first, last, count, root.hexdigest()) if count else None


def heads(after: int, through: int) -> Iterator[ChainHead]:
    """Yield where chains stood after a window of events, by instance."""
    window = {"after": after, "through": through}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql.text("anchored_heads"), window)
        while rows := cursor.fetchmany(AT_ONCE):
            for row in rows:
                yield ChainHead(*row)


def unlike(anchor: Anchor) -> Iterator[tuple[Group, Group | None]]:
    """Yield the groups of an anchor that the table no longer has, and what it has."""
    for group, now in zip(anchor.groups, made_again(anchor), strict=True):
        if now is None or now.root != group.root:
            yield group, now

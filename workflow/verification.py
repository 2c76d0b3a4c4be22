"""Look for what was done to the audit trail: every chain, and what anchors hold.

Reads only, as the role of the tenant, and a batch at a time: what it needs of memory
does not depend on how many events there are.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any, Final

from django.db import connection, transaction

from kernel.numbers import LARGEST_ID
from workflow import anchors, chain, sql, tampering
from workflow.anchors import Anchor
from workflow.tampering import Followed, Head, Problem, Row

#: About how many events one statement reads, and how many a message carries.
BATCH: Final = 20_000
AT_ONCE: Final = 2000
#: How many rows of one chain are looked at to tell what was done to it.
MOST_LOOKED_AT: Final = 20_000
#: After so many findings nobody needs the next one.
MOST_FINDINGS: Final = 1000
SMALLEST_ID: Final = -LARGEST_ID - 1
COVERED: Final = len(chain.COVERED)
#: Columns of the statements that read chains.
INSTANCE: Final = chain.COVERED.index("instance_id")
METADATA: Final = chain.COVERED.index("metadata")
SEQ: Final = chain.COVERED.index("seq")

Columns = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one chain: of an instance, or the tenant's own."""

    instance_id: int | None
    seq: int
    kind: str
    message: str

    def __str__(self) -> str:
        whose = f"instance {self.instance_id}" if self.instance_id else "tenant"
        return f"{whose}, row {self.seq}: {self.kind}: {self.message}."


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    chains: int = 0
    events: int = 0
    anchors: int = 0
    #: Where the tenant's own chain ends; whoever keeps it elsewhere has a witness.
    head: Head = Head(0, "")  # noqa: RUF009 - a tuple
    findings: list[Finding] = field(default_factory=list)
    is_cut_short: bool = False

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "head": self.head._asdict()}


class Enough(Exception):
    """There are as many findings as anybody reads."""


def verify(*, since: datetime | None = None, instance_id: int | None = None) -> Report:
    """Return what is wrong with the audit trail of the entered tenant.

    `since` believes what older events say; anchors that are older are left out.
    `instance_id` looks at the chain of one instance alone.
    """
    report = Report()
    old = since.astimezone(UTC).isoformat() if since else ""
    try:
        if instance_id is not None:
            look_at(chains_between(instance_id - 1, instance_id), report, since=old)
            return report
        look_at(tenant_chain(), report, since=old)
        for found in batches():
            look_at(found, report, since=old)
        look_at_anchors(report, since=since)
    except Enough:
        report.is_cut_short = True
    return report


# Chains


def look_at(rows: Iterable[Columns], report: Report, *, since: str) -> None:
    """Follow each chain of some rows; the head of a chain comes after its events."""
    for instance_id, members in groupby(rows, key=lambda row: row[INSTANCE]):
        ends: list[Head] = []
        place = tampering.follow(events_of(members, ends), since=since)
        rest = sum(1 for _ in events_of(members, ends))
        head = ends[0] if ends else None
        report.chains += 1
        report.events += place.rows + rest
        if instance_id is None:
            report.head = Head(place.seq, place.hash)
        note(report, instance_id, problem_of(instance_id, place, head))


def events_of(rows: Iterable[Columns], ends: list[Head]) -> Iterator[Row]:
    """Yield the events among some rows; what a head says goes to `ends`."""
    for row in rows:
        if row[-1]:
            ends.append(Head(row[SEQ], row[COVERED]))
        else:
            yield row_of(row)


def row_of(columns: Columns) -> Row:
    covered = list(columns[:COVERED])
    if covered[METADATA] != "{}":
        covered[METADATA] = _canonical(covered[METADATA])
    return Row(chain.Written(*covered), columns[COVERED])


def _canonical(written: str) -> str:
    """Return metadata as they are hashed.

    What Python cannot read, such as a number of too many digits, was never written by
    the trail; as it stands it fits no hash.
    """
    try:
        return chain.canonical(json.loads(written))
    except (ValueError, RecursionError):
        return written


def problem_of(
    instance_id: int | None, place: Followed, head: Head | None
) -> Problem | None:
    if place.wrong is None:
        return tampering.explained(place, head)
    if instance_id is None:
        rows = tenant_chain()
    else:
        rows = chains_between(instance_id - 1, instance_id)
    again = list(islice(events_of(rows, []), MOST_LOOKED_AT))
    return tampering.explained(place, head, again)


def note(report: Report, instance_id: int | None, problem: Problem | None) -> None:
    """Add a problem to the findings. Raises Enough where there are too many."""
    if problem is None:
        return
    report.findings.append(Finding(instance_id, *problem))
    if len(report.findings) >= MOST_FINDINGS:
        raise Enough


# Anchors


def look_at_anchors(report: Report, *, since: datetime | None) -> None:
    """Compare what anchors hold with where the chains stood, as the table has it.

    Only anchors that the chain of the tenant still vouches for are believed.
    """
    events = anchors.anchors().filter(seq__lte=report.head.seq).order_by("seq")
    if since is not None:
        events = events.filter(created_at__gte=since)
    for event in events.iterator(chunk_size=50):
        report.anchors += 1
        for problem in problems_of(Anchor.from_json(event.metadata), event.seq):
            note(report, None, problem)


def problems_of(anchor: Anchor, seq: int) -> Iterator[Problem]:
    """Yield a problem for each group of chains that is not as the anchor holds it."""
    for group, now in anchors.unlike(anchor):
        count = now.chains if now else 0
        whose = f"instance {group.first}"
        if group.first != group.last:
            whose = f"instances {group.first} to {group.last}"
        if count < group.chains:
            gone = f"{group.chains - count} of {group.chains}"
            message = f"of the chains of {whose} that it holds, {gone} is not there"
            yield Problem(seq, tampering.REMOVED, message)
        elif count > group.chains:
            message = f"there are more chains of {whose} than it holds"
            yield Problem(seq, tampering.INSERTED, message)
        else:
            message = f"the chains of {whose} are not those that it holds"
            yield Problem(seq, tampering.CHANGED, message)


# Reading


def batches() -> Iterator[Iterator[Columns]]:
    """Yield the chains of all instances, some whole ones at a time."""
    after = SMALLEST_ID
    while after < LARGEST_ID:
        through = end_of_batch(after)
        yield chains_between(after, through)
        after = through


def end_of_batch(after: int) -> int:
    """Return the instance after which a batch is full; it belongs to it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.text("end_of_batch"), {"after": after, "events": BATCH})
        found = cursor.fetchone()
    return int(found[0]) if found else LARGEST_ID


def chains_between(after: int, through: int) -> Iterator[Columns]:
    return read("chains", after=after, through=through)


def tenant_chain() -> Iterator[Columns]:
    return read("tenant_chain")


def read(name: str, **values: int) -> Iterator[Columns]:
    """Yield the rows of a statement, a message full at a time."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql.text(name), values)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows

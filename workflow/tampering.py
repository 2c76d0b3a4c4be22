"""What was done to a chain of events: decided on its rows alone, without a database.

`broken` follows a chain and stops at the first row that does not fit; `explained`
looks at the whole chain again and says, where that can be told, what was done to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from workflow.chain import Written

CHANGED: Final = "changed"
REMOVED: Final = "removed"
INSERTED: Final = "inserted"
REORDERED: Final = "reordered"


class Row(NamedTuple):
    """A row as it stands in the table, and the hash that stands beside it."""

    event: Written
    hash: str

    @property
    def fits(self) -> bool:
        """Whether the row is what was hashed."""
        return self.event.digest() == self.hash

    def was(self, seq: int) -> bool:
        """Tell whether this row was written as the one with another number."""
        return self.event._replace(seq=seq).digest() == self.hash


class Head(NamedTuple):
    """Where a chain ends, as it is kept outside the chain."""

    seq: int
    hash: str


class Problem(NamedTuple):
    """The first row of a chain that was tampered with, and how."""

    seq: int
    kind: str
    message: str


@dataclass(slots=True)
class Followed:
    """How far a chain was followed, and the row that does not fit there, if any."""

    seq: int = 0
    hash: str = ""
    rows: int = 0
    wrong: Row | None = None


def follow(rows: Iterable[Row], *, since: str = "") -> Followed:
    """Follow a chain to its end, or to the first row that does not fit.

    What is older than `since`, an instant as events write it, is believed to be what
    was hashed; its numbers and links are looked at all the same.
    """
    place = Followed()
    is_old = bool(since)
    for row in rows:
        event = row.event
        place.rows += 1
        is_old = is_old and event.created_at < since
        is_next = event.seq == place.seq + 1 and event.prev_hash == place.hash
        if not is_next or not (is_old or row.fits):
            place.wrong = row
            break
        place.seq, place.hash = event.seq, row.hash
    return place


def explained(
    place: Followed, head: Head | None, chain: Sequence[Row] = ()
) -> Problem | None:
    """Return what is wrong with a chain; None where it is whole.

    `chain` holds its rows, of which as many as there are help to tell what was done.
    """
    if place.wrong is None:
        return at_the_end(place, head)
    expected, row = place.seq + 1, place.wrong
    if row.event.seq > expected:
        missing = row.event.seq - expected
        return Problem(expected, REMOVED, f"{rows_in_words(missing)} missing here")
    if row.event.seq < expected:
        return Problem(row.event.seq, INSERTED, "no chain has this number twice")
    if row.fits:
        return unlinked(row, head, chain)
    return unfit(row, head, chain)


def at_the_end(place: Followed, head: Head | None) -> Problem | None:
    """Compare where a chain ends with where it should end."""
    if head is None:
        message = "nothing says any more where this chain ends"
        return Problem(place.seq, REMOVED, message)
    if place.seq < head.seq:
        missing = head.seq - place.seq
        what = "the whole chain" if not place.seq else "the end of the chain"
        message = f"{what} is missing: {rows_in_words(missing)} gone"
        return Problem(place.seq + 1, REMOVED, message)
    if place.seq > head.seq:
        return Problem(head.seq + 1, INSERTED, f"the chain ends at row {head.seq}")
    if place.hash != head.hash:
        return Problem(place.seq, CHANGED, "the chain ends with another hash")
    return None


def unlinked(row: Row, head: Head | None, chain: Sequence[Row]) -> Problem:
    """Explain a row that is what was hashed, and does not follow the one before."""
    seq = row.event.seq
    after = next((one for one in chain if one.event.seq == seq + 1), None)
    if after is not None and after.event.prev_hash != row.hash:
        if after.was(seq):
            return Problem(seq, INSERTED, "the rows after it were numbered anew")
        return Problem(seq, CHANGED, "neither of its neighbours knows this row")
    is_last = after is None and head is not None and head.hash != row.hash
    if seq == 1 or is_last:
        return Problem(seq, CHANGED, "the row before is not the one that it names")
    return Problem(seq - 1, CHANGED, "the row after it names another one")


def unfit(row: Row, head: Head | None, chain: Sequence[Row]) -> Problem:
    """Explain a row that is not what was hashed."""
    seq = row.event.seq
    last = max([len(chain), *([head.seq] if head else [])])
    was = next((number for number in range(1, last + 2) if row.was(number)), None)
    if was is None:
        return Problem(seq, CHANGED, "the row is not what was hashed")
    if was < seq:
        return Problem(was, INSERTED, "the rows after it were numbered anew")
    if any(one.was(seq) for one in chain):
        return Problem(seq, REORDERED, f"this was row {was}")
    message = "it is missing, and the rows after it were numbered anew"
    return Problem(seq, REMOVED, message)


def rows_in_words(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"

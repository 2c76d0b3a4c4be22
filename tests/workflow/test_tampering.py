"""What is told of a chain of rows that somebody wrote over; without a database."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.chain import Written
from workflow.tampering import Head, Problem, Row, explained, follow

Chain = list[Row]


def event(seq: int, prev_hash: str, **changed: Any) -> Written:
    values = {
        "tenant_id": "acme",
        "created_at": f"2026-08-03T10:00:{seq:02}+00:00",
        "action": "workitem.completed",
        "actor_id": 1,
        "process_id": 2,
        "instance_id": 3,
        "workitem_id": seq,
        "activity_id": 5,
        "transition_id": None,
        "status_from": "active",
        "status_to": "complete",
        "metadata": "{}",
        "seq": seq,
        "prev_hash": prev_hash,
    }
    return Written(**{**values, **changed})


def chain_of(length: int) -> Chain:
    rows: Chain = []
    for seq in range(1, length + 1):
        rows.append(hashed(event(seq, rows[-1].hash if rows else "")))
    return rows


def hashed(event: Written) -> Row:
    return Row(event, event.digest())


def numbered(rows: Chain) -> Chain:
    """Number rows anew in the order they have, and leave their hashes."""
    return [
        row._replace(event=row.event._replace(seq=seq))
        for seq, row in enumerate(rows, start=1)
    ]


def found(rows: Chain, head: Head | None, since: str = "") -> Problem | None:
    return explained(follow(rows, since=since), head, rows)


def verdict(rows: Chain, length: int) -> tuple[int, str] | None:
    """Return number and kind of what is wrong, if the chain had this length."""
    last = chain_of(length)[-1]
    problem = found(rows, Head(length, last.hash))
    return problem and (problem.seq, problem.kind)


def changed(row: Row, **values: Any) -> Row:
    return row._replace(event=row.event._replace(**values))


def rehashed(row: Row, **values: Any) -> Row:
    return hashed(row.event._replace(**values))


CASES: dict[str, tuple[Callable[[Chain], Chain], tuple[int, str]]] = {
    "a column changed": (
        lambda c: [*c[:2], changed(c[2], actor_id=9), *c[3:]],
        (3, "changed"),
    ),
    "the first row changed": (
        lambda c: [changed(c[0], actor_id=9), *c[1:]],
        (1, "changed"),
    ),
    "the last row changed": (
        lambda c: [*c[:-1], changed(c[-1], action="x")],
        (6, "changed"),
    ),
    "a hash changed": (
        lambda c: [*c[:2], c[2]._replace(hash="0" * 64), *c[3:]],
        (3, "changed"),
    ),
    "a row changed and hashed anew": (
        lambda c: [*c[:2], rehashed(c[2], actor_id=9), *c[3:]],
        (3, "changed"),
    ),
    "the last row changed and hashed anew": (
        lambda c: [*c[:-1], rehashed(c[-1], actor_id=9)],
        (6, "changed"),
    ),
    "a link changed and hashed anew": (
        lambda c: [*c[:2], rehashed(c[2], prev_hash="f" * 64), *c[3:]],
        (3, "changed"),
    ),
    "a row in the middle gone": (lambda c: [*c[:2], *c[3:]], (3, "removed")),
    "the first row gone": (lambda c: c[1:], (1, "removed")),
    "the end gone": (lambda c: c[:4], (5, "removed")),
    "all rows gone": (lambda _: [], (1, "removed")),
    "a row gone and the others numbered anew": (
        lambda c: numbered([*c[:2], *c[3:]]),
        (3, "removed"),
    ),
    "two rows swapped": (
        lambda c: numbered([*c[:1], c[3], c[2], c[1], *c[4:]]),
        (2, "reordered"),
    ),
    "two neighbours swapped": (
        lambda c: numbered([*c[:2], c[3], c[2], *c[4:]]),
        (3, "reordered"),
    ),
    "a row moved to the end": (
        lambda c: numbered([c[0], *c[2:], c[1]]),
        (2, "reordered"),
    ),
    "a row forged at the end": (
        lambda c: [*c, hashed(event(7, c[-1].hash))],
        (7, "inserted"),
    ),
    "a row forged in the middle": (
        lambda c: numbered([*c[:2], hashed(event(3, c[1].hash, actor_id=9)), *c[2:]]),
        (3, "inserted"),
    ),
    "a row forged in the middle without a link": (
        lambda c: numbered([*c[:2], hashed(event(3, "f" * 64)), *c[2:]]),
        (3, "inserted"),
    ),
    "a row before the first": (
        lambda c: [hashed(event(0, "")), *c],
        (0, "inserted"),
    ),
    "a number twice": (lambda c: [*c[:3], c[2], *c[3:]], (3, "inserted")),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_row_is_named_and_what_was_done_to_it(case):
    tamper, told = CASES[case]
    assert verdict(tamper(chain_of(6)), 6) == told


def test_a_whole_chain_has_nothing_to_be_told():
    for length in (1, 2, 6):
        assert verdict(chain_of(length), length) is None
    assert found([], Head(0, "")) is None


def test_a_chain_without_a_head_cannot_be_whole():
    problem = found(chain_of(3), None)
    assert (problem.seq, problem.kind) == (3, "removed")


@pytest.mark.parametrize("column", Written._fields)
def test_each_column_is_covered_by_the_hash(column):
    rows = chain_of(3)
    other = {"metadata": '{"a":1}', "seq": 1}.get(column, "other")
    if column.endswith("_id") and column != "tenant_id":
        other = 99
    assert found([rows[0], changed(rows[1], **{column: other}), rows[2]], None)
    assert follow(rows).wrong is None


def test_what_is_older_than_since_is_believed_but_not_its_place():
    rows = chain_of(6)
    since = rows[3].event.created_at
    head = Head(6, rows[-1].hash)
    old = [changed(rows[0], actor_id=9), *rows[1:]]
    assert found(old, head) is not None
    assert found(old, head, since) is None
    for broken in (
        [*rows[:1], *rows[2:]],
        [*rows[:4], changed(rows[4], actor_id=9), rows[5]],
        rows[:2],
    ):
        assert found(broken, head, since) is not None


@given(st.data())
def test_whatever_is_done_to_a_chain_shows(data):
    length = data.draw(st.integers(2, 8))
    rows = chain_of(length)
    kept = data.draw(st.lists(st.sampled_from(rows), max_size=10))
    tampered = numbered(kept) if data.draw(st.booleans()) else kept
    head = Head(length, rows[-1].hash)
    assert (found(tampered, head) is None) is (tampered == rows)


TEXT = st.text(max_size=8)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "tenant_id": TEXT,
        "created_at": TEXT,
        "action": TEXT,
        "actor_id": st.none() | st.integers(1, 5),
        "transition_id": st.none() | st.integers(1, 5),
        "status_to": TEXT,
        "metadata": st.sampled_from(["{}", '{"a":1}']),
        "prev_hash": TEXT,
    },
)


@given(CHANGES, st.integers(0, 4), st.booleans())
def test_whatever_is_changed_in_a_row_shows(values, index, is_hashed_anew):
    rows = chain_of(5)
    change = rehashed if is_hashed_anew else changed
    tampered = [*rows]
    tampered[index] = change(rows[index], **values)
    problem = found(tampered, Head(5, rows[-1].hash))
    if tampered == rows:
        assert problem is None
    else:
        assert (problem.seq, problem.kind) == (index + 1, "changed")

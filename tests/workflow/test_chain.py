"""The text that is hashed is canonical JSON (RFC 8785); an own writer says the same."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from workflow import chain
from workflow.models import AuditEvent

#: Of the RFC: what has a short form of its own, section 3.2.2.2.
SHORT = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}
#: Integers that a double holds exactly; all others are no JSON numbers to the RFC.
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


def by_the_rfc(value: object) -> str:
    """Write a value letter by letter, as RFC 8785 says."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(map(letter, value)) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(by_the_rfc, value)) + "]"
    names = sorted(value, key=lambda name: list(units(name)))
    return (
        "{" + ",".join(f"{by_the_rfc(n)}:{by_the_rfc(value[n])}" for n in names) + "}"
    )


def letter(char: str) -> str:
    if char in SHORT:
        return SHORT[char]
    return f"\\u{ord(char):04x}" if char < " " else char


def units(name: str):
    """Yield the units of UTF-16, by which the RFC orders names, section 3.2.3."""
    for char in name:
        code = ord(char)
        if code <= 0xFFFF:
            yield code
        else:
            yield 0xD800 + ((code - 0x10000) >> 10)
            yield 0xDC00 + ((code - 0x10000) & 0x3FF)


@given(VALUES)
@example({"\U00010000": 1, "\ue000": 2, "a": [{"\U0001f600": 1, "\uffff": None}]})
@example({"\u20ac": "Euro", "\r": "CR", "\ufb33": "", "1": "One", "\x80": "\x7f"})
def test_what_events_hold_is_written_as_the_rfc_says(value):
    text = chain.canonical(value)
    assert text == by_the_rfc(value)
    assert json.loads(text) == value


EVENTS = st.fixed_dictionaries(
    {
        "tenant_id": TEXT,
        "created_at": st.datetimes(timezones=st.just(UTC)),
        "action": TEXT,
        "status_from": TEXT,
        "status_to": TEXT,
        "metadata": st.dictionaries(TEXT, VALUES, max_size=3),
        "seq": st.integers(1, 9),
        "prev_hash": TEXT,
        **{
            name: st.none() | NUMBERS
            for name in chain.COVERED
            if name.endswith("_id") and name != "tenant_id"
        },
    }
)


@given(EVENTS)
def test_the_hash_of_an_event_is_that_of_its_canonical_json(event):
    whole = {**event, "created_at": event["created_at"].isoformat()}
    expected = hashlib.sha256(by_the_rfc(whole).encode()).hexdigest()
    assert chain.digest({**event, "actor_label": "anybody", "id": 5}) == expected


def test_an_instant_is_hashed_in_utc_whatever_zone_it_came_in():
    event = dict.fromkeys(chain.COVERED)
    event.update(dict.fromkeys(("tenant_id", "action", "prev_hash"), "x"))
    event.update(status_from="", status_to="", metadata={}, seq=1)
    at = datetime(2026, 8, 3, 10, tzinfo=UTC)
    other = at.astimezone(timezone(timedelta(hours=2)))
    hashes = {chain.digest({**event, "created_at": one}) for one in (at, other)}
    assert len(hashes) == 1


def test_every_stored_column_is_covered_but_three():
    columns = {field.attname for field in AuditEvent._meta.concrete_fields}
    assert columns - set(chain.COVERED) == {"id", "hash", "actor_label"}

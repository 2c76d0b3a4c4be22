"""The text that is hashed is canonical JSON (RFC 8785); an own writer says the same."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.workflow.processes import approval, start
from workflow import audit, chain, steps, verification
from workflow.models import AuditEvent, ProcessInstance

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
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
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


def nested(depth: int) -> list:
    return [nested(depth - 1)] if depth else []


REFUSED = {
    "a fraction": 1.5,
    "a fraction that looks whole": 1.0,
    "no number": float("nan"),
    "infinity": float("inf"),
    "a number that doubles round": 2**53,
    "a negative one": -(2**53),
    "a number of many digits": 10**5000,
    "a decimal": Decimal(1),
    "an instant": datetime(2026, 8, 3, tzinfo=UTC),
    "an identifier": UUID(int=1),
    "bytes": b"x",
    "a set": {1},
    "a text that is translated later": gettext_lazy("Save"),
    "a text with NUL": "a\0b",
    "half a character": "\ud800",
    "too deep": nested(chain.DEEPEST),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_written_in_one_way_only_is_refused(what):
    for metadata in ({"a": REFUSED[what]}, {"a": [{"b": (1, REFUSED[what])}]}):
        event = {**dict.fromkeys(chain.COVERED, ""), "metadata": metadata}
        with pytest.raises(chain.EventInvalid):
            chain.digest(event)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(name):
    with pytest.raises(chain.EventInvalid):
        chain.require_plain({"a": [{name: 1}]})


@pytest.mark.parametrize("name", [1, None, True, 1.5, ("a", "b")])
def test_a_name_that_is_no_text_is_refused(name):
    """JSON would make a text of it, which two names can share."""
    with pytest.raises(chain.EventInvalid):
        chain.require_plain({name: 1, str(name): 2})


def test_a_refused_event_leaves_the_chain_as_it_was(in_acme):
    audit.record("test.ping", metadata={"whole": 2**53 - 1})
    with pytest.raises(chain.EventInvalid, match="holds a float"):
        audit.record("test.ping", metadata={"share": 0.1})
    assert AuditEvent.objects.filter(action="test.ping").count() == 1
    assert verification.verify().findings == []


def test_a_step_with_a_refused_event_writes_nothing(in_acme, installed, alice):
    installed(approval())
    item = start(alice)
    before = AuditEvent.objects.count()
    with pytest.raises(chain.EventInvalid):
        tell(item.instance, by=alice, share=0.1)
    assert AuditEvent.objects.count() == before
    assert ProcessInstance.objects.get().version == item.instance.version


def tell(instance, *, by, **metadata):
    """Run a step that does nothing but append an event."""
    steps.run(
        lambda: steps.read_instance(instance.pk, by=by),
        lambda step: step.event("test.ping", **metadata),
    )


def test_what_is_hashed_when_written_is_hashed_when_verified(in_acme, installed, alice):
    """Both ways into the table, and back, of anything that an event may hold."""
    installed(approval())
    instance = start(alice).instance
    told = []

    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(TEXT, VALUES, max_size=3))
    @example({"\U00010000": 1, "\ue000": [2, {"\U0001f600": None, "\uffff": ""}]})
    @example({"": -(2**53) + 1, "\u2028": "\x7f\x1f", "e\u0301": "\u00e9"})
    @example({"a": [], "b": {}, "B": [[], {}], "ab": ["\\", '"', "/"]})
    def appended(metadata):
        audit.record("test.ping", metadata=metadata)
        tell(instance, by=alice, about=metadata)
        told.append(metadata)

    appended()
    assert verification.verify().findings == []
    rows = AuditEvent.objects.filter(action="test.ping").order_by("seq")
    assert [row.metadata for row in rows.filter(instance_id=None)] == told
    assert [row.metadata["about"] for row in rows.exclude(instance_id=None)] == told

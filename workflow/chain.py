"""The hash chain of the audit trail.

Each event carries the SHA-256 of itself and of the hash before it, so that a row that
was changed, taken out, put in or moved shows. One chain for each instance, and one
for what belongs to none.

The hash covers every stored column but three: `hash`, `actor_label`, so that a name
can be erased later, and `id`, which the server gives when the row is written; what
names an event is its place in its chain.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Any, Final, NamedTuple, cast

from django.core.serializers.json import DjangoJSONEncoder

from kernel.text import storable

#: Beyond, RFC 8785 has no numbers: readers that keep them as doubles would round.
LARGEST_NUMBER: Final = 2**53 - 1
DEEPEST: Final = 32


class EventInvalid(TypeError):
    """An event holds something that is not written in one way only.

    It may hold texts, whole numbers up to LARGEST_NUMBER, True, False and None, and
    lists and dictionaries of these; whoever appends it turns all else into text.
    """


class Written(NamedTuple):
    """An event as it is hashed: its instant in ISO 8601, its metadata canonical JSON.

    The names are those of the columns.
    """

    tenant_id: str
    created_at: str
    action: str
    actor_id: int | None
    process_id: int | None
    instance_id: int | None
    workitem_id: int | None
    activity_id: int | None
    transition_id: int | None
    status_from: str
    status_to: str
    metadata: str
    seq: int
    prev_hash: str

    def text(self) -> str:
        """Return what is hashed: canonical JSON (RFC 8785), the names in order."""
        return (
            f'{{"action":{quoted(self.action)},'
            f'"activity_id":{_number(self.activity_id)},'
            f'"actor_id":{_number(self.actor_id)},'
            f'"created_at":{quoted(self.created_at)},'
            f'"instance_id":{_number(self.instance_id)},'
            f'"metadata":{self.metadata},'
            f'"prev_hash":{quoted(self.prev_hash)},'
            f'"process_id":{_number(self.process_id)},'
            f'"seq":{self.seq},'
            f'"status_from":{quoted(self.status_from)},'
            f'"status_to":{quoted(self.status_to)},'
            f'"tenant_id":{quoted(self.tenant_id)},'
            f'"transition_id":{_number(self.transition_id)},'
            f'"workitem_id":{_number(self.workitem_id)}}}'
        )

    def digest(self) -> str:
        """Return the hash, in hexadecimal 64 characters."""
        return hashlib.sha256(self.text().encode()).hexdigest()


COVERED: Final = Written._fields


class Exact(DjangoJSONEncoder):
    """Writes instants to the microsecond, as PostgreSQL keeps them."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def digest(event: Mapping[str, Any]) -> str:
    """Return the hash of an event that is to be written, from the columns in COVERED.

    Raises EventInvalid on metadata of which the database would give back others.
    """
    require_plain(event["metadata"])
    covered = {name: event[name] for name in COVERED}
    covered["created_at"] = covered["created_at"].astimezone(UTC).isoformat()
    covered["metadata"] = canonical(covered["metadata"])
    return Written(**covered).digest()


def require_plain(value: Any, *, depth: int = DEEPEST) -> None:
    """Raise EventInvalid on what is not written in one way only, also far inside.

    That a fraction is refused keeps this promise: Python writes some of them otherwise
    than RFC 8785 asks, and PostgreSQL otherwise than both.
    """
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if not storable(value):
            raise EventInvalid("An event holds a text that cannot be stored.")
    elif isinstance(value, int):
        if abs(value) > LARGEST_NUMBER:
            raise EventInvalid("An event holds a number that is too large.")
    elif isinstance(value, dict | list | tuple):
        if not depth:
            raise EventInvalid("An event holds lists that are nested too deeply.")
        for part in _parts(value):
            require_plain(part, depth=depth - 1)
    else:
        raise EventInvalid(f"An event holds a {type(value).__name__}; write a text.")


def _parts(value: Any) -> Iterable[Any]:
    """Return what is in a list, or the names and values of a dictionary."""
    if not isinstance(value, dict):
        return cast("Iterable[Any]", value)
    if not all(isinstance(name, str) for name in value):
        raise EventInvalid("An event holds a name that is no text.")
    return (*value, *value.values())


def canonical(value: Any) -> str:
    """Return canonical JSON of what `require_plain` accepts.

    Of all else, which may stand in a row that was changed, it is some JSON.
    """
    text = _encode(value)
    if text.isascii() or max(text) <= "\uffff":
        return text
    # Python sorts names by characters, the RFC by units of UTF-16: they differ beyond.
    return _encode_as_is(_in_order(value))


def _in_order(value: Any) -> Any:
    """Return the value with all names in the order of the RFC."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _in_order(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_in_order(part) for part in value]
    return value


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


_STYLE: Final[dict[str, Any]] = {
    "ensure_ascii": False,
    "allow_nan": False,
    "separators": (",", ":"),
}
_encode: Final = Exact(sort_keys=True, **_STYLE).encode
_encode_as_is: Final = Exact(**_STYLE).encode

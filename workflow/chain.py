"""The hash chain of the audit trail.

Each event carries the SHA-256 of itself and of the hash before it, so that a row that
was changed, taken out, put in or moved shows. One chain for each instance, and one
for what belongs to none.

The hash covers every stored column but three: `hash`, `actor_label`, so that a name
can be erased later, and `id`, which the server gives when the row is written; what
names an event is its place in its chain.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder

COVERED: Final = (
    "tenant_id",
    "created_at",
    "action",
    "actor_id",
    "process_id",
    "instance_id",
    "workitem_id",
    "activity_id",
    "transition_id",
    "status_from",
    "status_to",
    "metadata",
    "seq",
    "prev_hash",
)


class Exact(DjangoJSONEncoder):
    """Writes instants to the microsecond, as PostgreSQL keeps them."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def digest(event: Mapping[str, Any]) -> str:
    """Return the hash of an event, from the columns in COVERED.

    The text that is hashed is canonical JSON (RFC 8785), in hexadecimal 64 characters.
    """
    covered = {name: event[name] for name in COVERED}
    covered["created_at"] = covered["created_at"].astimezone(UTC).isoformat()
    return hashlib.sha256(canonical(covered).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return canonical JSON, of values without fractions: events hold none.

    Python writes numbers with a fraction otherwise than RFC 8785 asks.
    """
    return json.dumps(
        value,
        cls=Exact,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )

"""Sessions of one tenant: in its schema, signed for it, and saying whose they are.

A row that was carried over from another tenant, or outlived its generation, is no
session: whoever presents its key is a stranger, and the row goes.
This is the SESSION_ENGINE.
"""

from typing import Any, Final

from django.contrib.sessions.backends import db

from tenants import signing
from tenants.context import context_uuid

#: Where the payload says whose it is; no part of the session that others see.
OWNER: Final = "_tenant"
SALT: Final = "tenants.sessions"

Values = dict[str, Any]


class SessionStore(db.SessionStore):
    """A session of the entered tenant, or of the operators in the control plane."""

    @property
    def key_salt(self) -> str:
        return signing.bound(SALT)

    def encode(self, session_dict: Values) -> str:
        """Return the session as it is kept, with its owner in it."""
        return str(super().encode({**session_dict, OWNER: str(context_uuid())}))

    def decode(self, session_data: str | bytes) -> Values:
        """Return what `encode` was given; nothing where another encoded it."""
        return own(super().decode(session_data)) or {}

    def load(self) -> Values:
        """Return the session; where the row is no session of ours, end it."""
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        if row is None:
            return {}
        values = own(super().decode(row.session_data))
        if values is None:
            self.flush()
            return {}
        return values

    async def aload(self) -> Values:
        """Do the same for a coroutine."""
        row = await self._aget_session_from_db()  # type: ignore[attr-defined]
        if row is None:
            return {}
        values = own(super().decode(row.session_data))
        if values is None:
            await self.aflush()
            return {}
        return values


def own(payload: Values) -> Values | None:
    """Return the values of a payload; None for one that is not the context's."""
    values = dict(payload)
    owner = values.pop(OWNER, None)
    return values if owner == str(context_uuid()) else None

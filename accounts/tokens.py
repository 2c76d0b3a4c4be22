"""Access tokens: made and decoded by the library, bound to tenant, device and row.

A token says who (`user_id`), where (`tenant` and its generation, `gen`), which device
(`sid`) and which version of the account's access (`tv`); nothing personal, no roles.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from ninja_simple_jwt.jwt.token_operations import (
    TokenTypes,
    decode_token,
    encode_token,
)

from accounts import keys
from accounts.models import RefreshSession, User
from tenants import context, signing


class BadToken(Exception):
    """The token is not valid here; nobody is told why."""


@dataclass(frozen=True)
class Claims:
    """What a valid token says; the row still has to agree."""

    user_id: int
    token_version: int
    session_id: UUID


def issue_access(user: User, session: RefreshSession) -> str:
    """Return a new access token of 15 minutes for this device."""
    payload = {
        "user_id": user.pk,
        "tenant": str(context.context_uuid()),
        "gen": signing.generation(),
        "tv": user.token_version,
        "sid": session.pk.hex,
    }
    pair = keys.current()
    token, _ = encode_token(payload, TokenTypes.ACCESS, kid=pair.kid)
    return str(token)


def read_access(token: str) -> Claims:
    """Return the claims of a token of this tenant. Raises BadToken otherwise."""
    try:
        return _claims(_decode(token))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadToken from error


def _decode(token: str) -> dict[str, Any]:
    pair = keys.current()
    kid = decode_token(token, TokenTypes.ACCESS, verify=False).get("kid")
    if kid == pair.kid:
        return dict(decode_token(token, TokenTypes.ACCESS))
    retired = pair.public_of(kid)
    if retired is None:
        raise BadToken
    return jwt.decode(
        token,
        retired,
        algorithms=[pair.algorithm],
        leeway=keys.LEEWAY,
        options={"require": ["exp", "jti"]},
    )


def _claims(payload: dict[str, Any]) -> Claims:
    if not isinstance(payload["exp"], int) or not isinstance(payload["jti"], str):
        raise BadToken
    if payload["token_type"] != TokenTypes.ACCESS.value:
        raise BadToken
    if payload["tenant"] != str(context.context_uuid()):
        raise BadToken
    if payload["gen"] != signing.generation():
        raise BadToken
    user_id, version = payload["user_id"], payload["tv"]
    if type(user_id) is not int or type(version) is not int:
        raise BadToken
    return Claims(user_id, version, UUID(hex=payload["sid"]))

"""The devices of the signed-in person: look at them, end one, end the others.

`reauthenticate` gives a device a fresh proof of who is there.
"""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Status

from accounts import clients, sessions, sign_in, sign_out, signed_in
from accounts.api.answering import uncached
from accounts.api.schemas import (
    DetailOut,
    ReauthenticateIn,
    RevokeOthersIn,
    SessionOut,
)
from accounts.authentication import TenantAuth
from accounts.errors import MissingFields
from accounts.models import RefreshSession

router = Router()


@router.get(
    "/sessions", auth=TenantAuth(), response=list[SessionOut], summary="My devices"
)
def list_sessions(request: HttpRequest, response: HttpResponse) -> list[dict[str, Any]]:
    """Answer the devices that are signed in, the one that asks first."""
    uncached(response)
    own = _own(request)
    return [_out(session, own) for session in sessions.open_of(own)]


@router.post(
    "/sessions/revoke-others",
    auth=TenantAuth(),
    response={204: None},
    summary="Sign all other devices out",
)
def revoke_others(
    request: HttpRequest,
    response: HttpResponse,
    body: Annotated[RevokeOthersIn | None, Body()] = None,
) -> Status[None]:
    """End all own devices but the one that asks; with `apiTokens` own API tokens too.

    Without a body API tokens go on.
    """
    uncached(response)
    own = _own(request)
    ends_tokens = body is not None and body.api_tokens
    sign_out.others(own.user, keep=own.pk, ends_tokens=ends_tokens)
    return Status(204, None)


@router.delete(
    "/sessions/{session_id}",
    auth=TenantAuth(),
    response={204: None},
    summary="Sign a device out",
)
def end_session(
    request: HttpRequest, response: HttpResponse, session_id: str
) -> Status[None]:
    """End one of the own devices at once, with its access tokens."""
    uncached(response)
    sign_out.one(_own(request).user, session_id)
    return Status(204, None)


@router.post(
    "/reauthenticate",
    auth=TenantAuth(sets_up=True),
    response=DetailOut,
    summary="Prove again who you are",
)
def reauthenticate(
    request: HttpRequest, response: HttpResponse, body: ReauthenticateIn
) -> dict[str, str]:
    """Take the current password or a code: for 10 minutes, that is a fresh proof."""
    uncached(response)
    if not (body.current_password or body.code):
        raise MissingFields("currentPassword or code is required.")
    sign_in.reauthenticate(
        request,
        password=body.current_password or "",
        code=body.code or "",
        client=clients.prefix(request),
    )
    return {"detail": "Confirmed."}


def _own(request: HttpRequest) -> RefreshSession:
    """Return the device that asks. Raises Forbidden."""
    signed_in.require(request, "sessions.manage_own")
    return sessions.here(request)


def _out(session: RefreshSession, own: RefreshSession) -> dict[str, Any]:
    return {
        "id": session.pk,
        "kind": session.kind,
        "label": session.client_label,
        "place": session.client_prefix,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": min(session.idle_expires_at, session.expires_at),
        "has_second_factor": session.mfa_at is not None,
        "is_current": session.pk == own.pk,
    }

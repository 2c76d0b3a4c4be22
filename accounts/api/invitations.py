"""Invitations for programs: send, list, withdraw, send again, accept."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Status

from accounts import accepting, grouping, invitations, proof
from accounts.api.answering import guard, require_person, uncached
from accounts.api.schemas import (
    AcceptedOut,
    AcceptIn,
    InvitationOut,
    InviteIn,
    ResendInvitationIn,
)
from accounts.authentication import TenantAuth
from accounts.errors import MissingFields, NotUserManager
from accounts.models import Invitation, User
from accounts.permissions import RESERVED_GROUPS
from accounts.signed_in import person, via
from kernel import clock
from kernel.numbers import LARGEST_ID

router = Router()
ACCEPTED = "Welcome. Sign in now."
#: Above it the list is cut; a tenant sends 200 a day.
MOST = 1_000


@router.get(
    "/invitations",
    auth=TenantAuth("users:read"),
    response=list[InvitationOut],
    summary="Pending invitations",
)
def pending(request: HttpRequest, response: HttpResponse) -> list[dict[str, Any]]:
    """Answer what waits for an answer, the newest first; never a link."""
    uncached(response)
    _manager(request)
    return [_out(one) for one in invitations.pending()[:MOST]]


@router.post(
    "/invitations",
    auth=TenantAuth("users:write"),
    response={201: InvitationOut},
    summary="Invite somebody",
)
def invite(
    request: HttpRequest, response: HttpResponse, body: InviteIn
) -> Status[dict[str, Any]]:
    """Mail a link that lets the address in with this role.

    A role above member asks for the password, or a sign-in at most 10 minutes old.
    """
    uncached(response)
    by = _manager(request)
    role = (body.role or "").strip()
    if not (body.email or "").strip() or not role:
        raise MissingFields("Missing required field(s): email, role")
    groups = [name for name, on in _groups(body).items() if on]
    if role != User.Role.MEMBER or RESERVED_GROUPS & set(groups):
        require_person(request)
        proof.require(request, body.current_password)
    made = invitations.invite(
        email=body.email or "",
        role=role,
        groups=groups,
        language=body.language or "",
        by=by,
        via=via(request),
    )
    return Status(201, _out(made))


@router.post(
    "/invitations/accept", response={201: AcceptedOut}, summary="Accept an invitation"
)
def accept(
    request: HttpRequest, response: HttpResponse, body: AcceptIn
) -> Status[dict[str, str]]:
    """Let the invited person in.

    Somebody with an account of that address sends the own access token along.
    """
    client = guard(request, response, body.company, "Blocked.")
    by = TenantAuth()(request) if "Authorization" in request.headers else None
    if by:
        require_person(request)
    accepting.accept(
        body.token or "",
        first_name=body.first_name or "",
        last_name=body.last_name or "",
        password=body.password or "",
        by=by,
        client=client,
    )
    return Status(201, {"detail": ACCEPTED})


@router.post(
    "/invitations/{invitation_id}/resend",
    auth=TenantAuth("users:write"),
    response=InvitationOut,
    summary="Send an invitation again",
)
def resend(
    request: HttpRequest,
    response: HttpResponse,
    invitation_id: int,
    body: Annotated[ResendInvitationIn | None, Body()] = None,
) -> dict[str, Any]:
    """Mail a new link; the one before works no more.

    From now on it is the caller who lets the address in, so a role above member asks
    for the password, or a sign-in at most 10 minutes old.
    """
    uncached(response)
    by = _manager(request)
    if invitations.role_of(_key(invitation_id)) != User.Role.MEMBER:
        require_person(request)
        proof.require(request, body.current_password if body else None)
    renewed = invitations.resend(
        _key(invitation_id),
        by=by,
        via=via(request),
    )
    return _out(renewed)


@router.delete(
    "/invitations/{invitation_id}",
    auth=TenantAuth("users:write"),
    response={204: None},
    summary="Withdraw an invitation",
)
def revoke(
    request: HttpRequest, response: HttpResponse, invitation_id: int
) -> Status[None]:
    """Make the link worthless."""
    uncached(response)
    by = _manager(request)
    invitations.revoke(
        _key(invitation_id),
        by=by,
        via=via(request),
    )
    return Status(204, None)


def _manager(request: HttpRequest) -> User:
    by = person(request)
    if not by.may("invitations.manage"):
        raise NotUserManager
    return by


def _groups(body: InviteIn) -> dict[str, bool]:
    """Return the wanted groups, named by words or as in the seed's lists."""
    named = [
        {"name": one, "enabled": True} if isinstance(one, str) else one.model_dump()
        for one in body.groups or ()
    ]
    return grouping.read(named)


def _key(sent: int) -> int:
    return sent if 0 < sent <= LARGEST_ID else 0


def _out(one: Invitation) -> dict[str, Any]:
    inviter = one.invited_by
    return {
        "id": one.pk,
        "email": one.email,
        "role": one.role,
        "groups": one.groups,
        "language": one.language,
        "invited_by": inviter.display_name if inviter else "",
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "is_expired": one.expires_at < clock.now(),
        "sent_count": one.sent_count,
    }

"""The second factor of the signed-in person: set up, confirm, take away.

Each change needs a proof of who is there that is at most 10 minutes old, and ends the
access token that it was made with; the answer holds the next one.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import factors, qr, sessions, sign_in, signed_in, tokens
from accounts.api.answering import uncached
from accounts.api.schemas import (
    ChangedFactorOut,
    ConfirmIn,
    EnrolIn,
    EnrolOut,
    FactorsOut,
)
from accounts.authentication import TenantAuth
from accounts.models import User

router = Router()
sets_up = TenantAuth(sets_up=True)


@router.get("", auth=sets_up, response=FactorsOut, summary="My second factors")
def show(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Answer the authenticators, and how many recovery codes are left."""
    session = sessions.here(request)
    uncached(response)
    return {
        "devices": list(factors.confirmed(session.user)),
        "recovery_codes_left": factors.recovery_codes_left(session.user),
        "is_demanded": sessions.rules_of(session).second_factor,
    }


@router.post(
    "/totp", auth=sets_up, response={201: EnrolOut}, summary="Add an authenticator"
)
def enrol(
    request: HttpRequest, response: HttpResponse, body: EnrolIn
) -> Status[dict[str, Any]]:
    """Answer a new secret, as text, as an address and as a QR code in SVG."""
    user = _ready(request, response)
    made = factors.enrol(user, name=body.name)
    shown = {
        "id": made.device.pk,
        "secret": made.secret,
        "uri": made.uri,
        "qr": qr.svg(made.uri),
        "expires_in": int(factors.UNCONFIRMED_LIFE.total_seconds()),
    }
    return Status(201, shown)


@router.post(
    "/totp/confirm",
    auth=sets_up,
    response=ChangedFactorOut,
    summary="Confirm an authenticator",
)
def confirm(
    request: HttpRequest, response: HttpResponse, body: ConfirmIn
) -> dict[str, Any]:
    """Let it count; with the first one come recovery codes, shown this once."""
    user = _ready(request, response)
    made = factors.confirm(user, body.id, body.code, keep=sessions.here(request).pk)
    return _changed(request, "Second factor added.", made)


@router.delete(
    "/totp/{device_id}",
    auth=sets_up,
    response=ChangedFactorOut,
    summary="Remove an authenticator",
)
def remove(
    request: HttpRequest, response: HttpResponse, device_id: int
) -> dict[str, Any]:
    """Take it away; with the last one the recovery codes go."""
    user = _ready(request, response)
    factors.remove(user, device_id, keep=sessions.here(request).pk)
    return _changed(request, "Second factor removed.", [])


@router.post(
    "/recovery-codes",
    auth=sets_up,
    response=ChangedFactorOut,
    summary="Make new recovery codes",
)
def recovery_codes(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Answer a new set, shown this once; the old set is worth nothing."""
    user = _ready(request, response)
    made = factors.renew_recovery_codes(user, keep=sessions.here(request).pk)
    return _changed(request, "New recovery codes made.", made)


def _ready(request: HttpRequest, response: HttpResponse) -> User:
    uncached(response)
    signed_in.require(request, "mfa.manage_own")
    sign_in.require_recent(request)
    return sessions.here(request).user


def _changed(request: HttpRequest, detail: str, made: list[str]) -> dict[str, Any]:
    session = sessions.here(request)
    session.user.refresh_from_db(fields=["token_version"])
    access = tokens.issue_access(session.user, session)
    return {"detail": detail, "access": access, "recovery_codes": made}

"""Sign in, refresh and sign out: by a cookie for browsers, by the body for apps.

Where there is a second factor, the sign-in answers `mfa_required` with a ticket, and
the route `mfa` beside it takes the ticket and a code.
"""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import (
    clients,
    cookies,
    known_devices,
    limits,
    refresh_tokens,
    sign_in,
    tokens,
)
from accounts.api.answering import uncached
from accounts.api.schemas import (
    FactorRequest,
    MobileRefreshRequest,
    MobileSignInResponse,
    SignInRequest,
    WebSignInResponse,
)
from accounts.known_devices import Known
from accounts.models import RefreshSession, SecurityEvent, User
from accounts.refresh_tokens import Device, Issued
from kernel import clock

router = Router()
Kind = RefreshSession.Kind


@router.post("/web/sign-in", response=WebSignInResponse, summary="Sign in (browser)")
def web_sign_in(
    request: HttpRequest, response: HttpResponse, body: SignInRequest
) -> dict[str, str]:
    """Answer an access token; the refresh token goes into an HttpOnly cookie."""
    clients.require_same_site(request)
    known = known_devices.read(request)
    user = _authenticate(request, body, known)
    return _web(request, response, _begin(request, user, Kind.WEB, known=known))


@router.post(
    "/web/mfa", response=WebSignInResponse, summary="Show the second factor (browser)"
)
def web_mfa(
    request: HttpRequest, response: HttpResponse, body: FactorRequest
) -> dict[str, str]:
    """Answer as the sign-in does, for its ticket and a code of the second factor."""
    clients.require_same_site(request)
    known = known_devices.read(request)
    user = _authenticate_factor(request, body)
    issued = _begin(request, user, Kind.WEB, known=known, factor_shown_at=clock.now())
    return _web(request, response, issued)


@router.post(
    "/web/token-refresh", response=WebSignInResponse, summary="Refresh (browser)"
)
def web_token_refresh(request: HttpRequest, response: HttpResponse) -> dict[str, str]:
    """Answer a new access token; the cookie rotates."""
    clients.require_same_site(request)
    issued = _rotate(request, cookies.read(request, cookies.REFRESH))
    _keep(request, response, issued)
    return {"access": tokens.issue_access(issued.user, issued.session)}


@router.post("/web/sign-out", response={204: None}, summary="Sign out (browser)")
def web_sign_out(request: HttpRequest, response: HttpResponse) -> Status[None]:
    """End the device of the cookie; the same answer when it was gone already."""
    clients.require_same_site(request)
    refresh_tokens.revoke(cookies.read(request, cookies.REFRESH))
    uncached(response)
    cookies.drop(response, cookies.REFRESH)
    return Status(204, None)


@router.post("/mobile/sign-in", response=MobileSignInResponse, summary="Sign in (app)")
def mobile_sign_in(
    request: HttpRequest, response: HttpResponse, body: SignInRequest
) -> dict[str, str]:
    """Answer an access token and an opaque refresh token."""
    user = _authenticate(request, body, None)
    return _pair(response, _begin(request, user, Kind.MOBILE))


@router.post(
    "/mobile/mfa", response=MobileSignInResponse, summary="Show the second factor (app)"
)
def mobile_mfa(
    request: HttpRequest, response: HttpResponse, body: FactorRequest
) -> dict[str, str]:
    """Answer as the sign-in does, for its ticket and a code of the second factor."""
    user = _authenticate_factor(request, body)
    issued = _begin(request, user, Kind.MOBILE, factor_shown_at=clock.now())
    return _pair(response, issued)


@router.post(
    "/mobile/token-refresh", response=MobileSignInResponse, summary="Refresh (app)"
)
def mobile_token_refresh(
    request: HttpRequest, response: HttpResponse, body: MobileRefreshRequest
) -> dict[str, str]:
    """Answer new tokens; the sent refresh token is used up."""
    return _pair(response, _rotate(request, body.refresh))


@router.post("/mobile/sign-out", response={204: None}, summary="Sign out (app)")
def mobile_sign_out(
    request: HttpRequest,  # noqa: ARG001 - ninja's signature
    response: HttpResponse,
    body: MobileRefreshRequest,
) -> Status[None]:
    """End the device of the refresh token; the same answer when it was gone already."""
    refresh_tokens.revoke(body.refresh)
    uncached(response)
    return Status(204, None)


def _authenticate(
    request: HttpRequest, body: SignInRequest, known: Known | None
) -> User:
    client = clients.prefix(request)
    return sign_in.authenticate(
        body.username, body.password, client=client, known=known
    )


def _authenticate_factor(request: HttpRequest, body: FactorRequest) -> User:
    client = clients.prefix(request)
    return sign_in.authenticate_factor(body.ticket, body.code, client=client)


@transaction.atomic
def _begin(
    request: HttpRequest,
    user: User,
    kind: str,
    *,
    known: Known | None = None,
    factor_shown_at: datetime | None = None,
) -> Issued:
    device = Device(kind, clients.label(request), clients.prefix(request))
    issued = refresh_tokens.begin(user, device, factor_shown_at=factor_shown_at)
    sign_in.complete(user, issued.session, via=SecurityEvent.Via.TOKEN, known=known)
    return issued


def _web(
    request: HttpRequest, response: HttpResponse, issued: Issued
) -> dict[str, str]:
    _keep(request, response, issued)
    known_devices.remember(request, response, issued.user)
    return {"access": tokens.issue_access(issued.user, issued.session)}


def _rotate(request: HttpRequest, token: str) -> Issued:
    limits.hit("refresh.client", clients.prefix(request))
    return refresh_tokens.rotate(token)


def _pair(response: HttpResponse, issued: Issued) -> dict[str, str]:
    uncached(response)
    access = tokens.issue_access(issued.user, issued.session)
    return {"access": access, "refresh": issued.refresh}


def _keep(request: HttpRequest, response: HttpResponse, issued: Issued) -> None:
    uncached(response)
    cookies.write(
        request,
        response,
        cookies.REFRESH,
        issued.refresh,
        expires_at=issued.session.expires_at,
    )

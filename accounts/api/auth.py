"""Sign in, refresh and sign out: by a cookie for browsers, by the body for apps."""

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import clients, cookies, limits, sessions, sign_in, tokens
from accounts.api.schemas import (
    MobileRefreshRequest,
    MobileSignInResponse,
    SignInRequest,
    WebSignInResponse,
)
from accounts.models import RefreshSession
from accounts.sessions import Device, Issued

router = Router()
Kind = RefreshSession.Kind


@router.post("/web/sign-in", response=WebSignInResponse, summary="Sign in (browser)")
def web_sign_in(
    request: HttpRequest, response: HttpResponse, body: SignInRequest
) -> dict[str, str]:
    """Answer an access token; the refresh token goes into an HttpOnly cookie."""
    clients.require_same_site(request)
    issued = _sign_in(request, body, Kind.WEB)
    _keep(request, response, issued)
    return {"access": tokens.issue_access(issued.user, issued.session)}


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
    sessions.revoke(cookies.read(request, cookies.REFRESH))
    _uncached(response)
    cookies.drop(response, cookies.REFRESH)
    return Status(204, None)


@router.post("/mobile/sign-in", response=MobileSignInResponse, summary="Sign in (app)")
def mobile_sign_in(
    request: HttpRequest, response: HttpResponse, body: SignInRequest
) -> dict[str, str]:
    """Answer an access token and an opaque refresh token."""
    issued = _sign_in(request, body, Kind.MOBILE)
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
    sessions.revoke(body.refresh)
    _uncached(response)
    return Status(204, None)


def _sign_in(request: HttpRequest, body: SignInRequest, kind: str) -> Issued:
    client = clients.prefix(request)
    user = sign_in.authenticate(body.username, body.password, client=client)
    issued = sessions.begin(user, Device(kind, clients.label(request), client))
    sign_in.record_success(user, client=client, via="token")
    return issued


def _rotate(request: HttpRequest, token: str) -> Issued:
    limits.hit("refresh.client", clients.prefix(request))
    return sessions.rotate(token)


def _pair(response: HttpResponse, issued: Issued) -> dict[str, str]:
    _uncached(response)
    access = tokens.issue_access(issued.user, issued.session)
    return {"access": access, "refresh": issued.refresh}


def _keep(request: HttpRequest, response: HttpResponse, issued: Issued) -> None:
    _uncached(response)
    cookies.write(
        request,
        response,
        cookies.REFRESH,
        issued.refresh,
        expires_at=issued.session.expires_at,
    )


def _uncached(response: HttpResponse) -> None:
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"

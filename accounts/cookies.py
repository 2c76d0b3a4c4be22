"""The cookies of the account flows: HttpOnly, same site only, this host only."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kernel import clock

REFRESH = "refresh"
REFRESH_PATH = "/api/auth/web"
FLOW_REGISTER, FLOW_RESET, TICKET = "flow_register", "flow_reset", "reset_ticket"
FLOW_EMAIL, INVITATION = "flow_email", "invitation"
MFA_TICKET, KNOWN_DEVICE = "mfa_ticket", "known_device"


def read(request: HttpRequest, name: str) -> str:
    """Return a cookie's value; in production only one that no sibling could plant."""
    return request.COOKIES.get(full_name(name), "")


def write(
    request: HttpRequest,
    response: HttpResponseBase,
    name: str,
    value: str,
    *,
    expires_at: datetime,
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send."""
    seconds = max(0, int((expires_at - clock.now()).total_seconds()))
    response.set_cookie(
        full_name(name),
        value,
        max_age=seconds,
        path=_path(name),
        secure=request.is_secure() or _is_prefixed(),
        httponly=True,
        samesite="Strict",
    )


def drop(response: HttpResponseBase, name: str) -> None:
    """Delete a cookie."""
    response.set_cookie(
        full_name(name),
        "",
        max_age=0,
        path=_path(name),
        secure=_is_prefixed(),
        httponly=True,
        samesite="Strict",
    )


def full_name(name: str) -> str:
    return f"__Host-{name}" if _is_prefixed() else name


def _path(name: str) -> str:
    return REFRESH_PATH if name == REFRESH and not _is_prefixed() else "/"


def _is_prefixed() -> bool:
    return bool(getattr(settings, "REFRESH_COOKIE_HOST_PREFIX", False))

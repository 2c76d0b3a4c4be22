"""Who makes a request, where the page or the bearer check has let somebody in."""

from django.http import HttpRequest

from accounts.models import User
from kernel.errors import Forbidden


def person(request: HttpRequest) -> User:
    """Return who is signed in, or whom an API token speaks for."""
    found = request.user
    assert isinstance(found, User)  # noqa: S101 - the door lets nobody else in
    return found


def require(request: HttpRequest, permission: str) -> None:
    """Raise Forbidden unless who is signed in holds the permission."""
    if not person(request).may(permission):
        raise Forbidden


def via(request: HttpRequest) -> str:
    """Return by which way the caller came in, for the events."""
    return str(request.auth_via)  # type: ignore[attr-defined]

"""A fresh proof of who somebody is, before a change that would hand an account over."""

from django.http import HttpRequest

from accounts import clients, sign_in
from accounts.errors import ReauthenticationRequired


def require(request: HttpRequest, current_password: str | None) -> None:
    """Return where the password is right, or the sign-in at most 10 minutes old.

    Raises ReauthenticationRequired, and Throttled after too many wrong passwords.
    """
    if current_password:
        client = clients.prefix(request)
        sign_in.reauthenticate(request, password=current_password, client=client)
    else:
        sign_in.require_recent(request)


def is_recent(request: HttpRequest) -> bool:
    """Tell whether the sign-in is fresh enough, so that no page has to ask again."""
    try:
        sign_in.require_recent(request)
    except ReauthenticationRequired:
        return False
    return True

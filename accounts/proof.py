"""A fresh proof of who somebody is, before a change that would hand an account over."""

from django.http import HttpRequest

from accounts import limits, passwords, sign_in
from accounts.errors import ReauthenticationRequired
from accounts.models import User


def require(request: HttpRequest, current_password: str | None) -> None:
    """Return where the password is right, or the sign-in at most 10 minutes old.

    Raises ReauthenticationRequired, and Throttled after too many wrong passwords.
    """
    if not current_password:
        sign_in.require_recent(request)
        return
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - pages and routes let nobody else in
    limits.hit("password.account", str(user.pk))
    if not passwords.matches(user, current_password):
        raise ReauthenticationRequired


def is_recent(request: HttpRequest) -> bool:
    """Tell whether the sign-in is fresh enough, so that no page has to ask again."""
    try:
        sign_in.require_recent(request)
    except ReauthenticationRequired:
        return False
    return True

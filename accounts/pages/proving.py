"""The fresh proof that a page asks for: the own password, in the form itself.

Nothing that was typed is lost, and who signed in lately is not asked. A template shows
`accounts/settings/_password.html` where `is_needed` says so.
"""

from django.http import HttpRequest

from accounts import proof
from accounts.models import User


def is_needed(request: HttpRequest) -> bool:
    """Tell whether the form has to ask for the password."""
    return not proof.is_recent(request)


def require(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the form brought a proof, or none is due.

    Raises Throttled after too many wrong passwords.
    """
    proof.require(request, request.POST.get("current_password"))


def require_for_roles(request: HttpRequest, *touched: str) -> None:
    """Ask where one of the roles, held or given, is more than a member's."""
    if set(touched) - {User.Role.MEMBER}:
        require(request)

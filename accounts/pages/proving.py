"""The fresh proof that a page asks for: the own password, in the form itself.

Nothing that was typed is lost, and who signed in lately is not asked. A template shows
`accounts/settings/_password.html` where `is_needed` says so.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import proof
from accounts.errors import ReauthenticationRequired, Throttled
from accounts.models import User
from accounts.pages import answering

View = Callable[..., HttpResponse]
#: The field, for a dialog that takes a template as its body.
FIELD: Final = "accounts/settings/_password.html"


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


def asked_on(back: str) -> Callable[[View], View]:
    """Let a view run after a proof only; without one, lead back to the page that asks.

    `back` is the name of that page's route; its forms hold the field.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def proved(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                require(request)
            except (ReauthenticationRequired, Throttled) as error:
                messages.error(request, answering.words(error))
                return redirect(back)
            return view(request, *args, **kwargs)

        return proved

    return decorate

"""Who is there, for the pages: the person of the device that the browser is.

Where the tenant demands second factors, a person without one sees the pages that set
one up, and no other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from accounts import page_sessions, sessions
from kernel.errors import ApplicationError

#: The pages of a person who still has to set a second factor up.
SET_UP = frozenset(
    {
        "accounts:security",
        "accounts:authenticator",
        "accounts:recovery-codes",
        "accounts:sign-out",
        "branding-css",
    }
)


class DeviceAuthentication(AuthenticationMiddleware):
    """Takes the place of Django's own: a page's person comes with a device's row.

    Sets `request.user`, found when it is first asked for; `accounts.sessions.of` then
    returns the device.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(partial(page_sessions.user_of, request))  # type: ignore[assignment]
        request.auser = partial(sync_to_async(_user), request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002 - Django's signature
        args: tuple[Any, ...],  # noqa: ARG002 - as above
        kwargs: dict[str, Any],  # noqa: ARG002 - as above
    ) -> HttpResponse | None:
        """Lead to the second factor whoever needs one; programs meet it elsewhere."""
        match = request.resolver_match
        if request.path.startswith("/api/") or match is None:
            return None
        try:
            session = sessions.of(request)
        except (Error, ApplicationError) as error:
            # A view that needs nobody answers all the same; one that asks who is there
            # meets this error, and no second look that might pass by the question.
            request.user = SimpleLazyObject(partial(_away, error))  # type: ignore[assignment]
            return None
        if session is None or not sessions.needs_factor(session):
            return None
        return None if match.view_name in SET_UP else redirect("accounts:security")


def _away(error: Exception) -> NoReturn:
    raise error


def _user(request: HttpRequest) -> Any:
    return request.user

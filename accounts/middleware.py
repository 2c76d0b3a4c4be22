"""Who is there, for the pages: the person of the device that the browser is."""

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import page_sessions


class DeviceAuthentication(AuthenticationMiddleware):
    """Takes the place of Django's own: a page's person comes with a device's row.

    Sets `request.user`, found when it is first asked for; `accounts.sessions.of` then
    returns the device.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(partial(page_sessions.user_of, request))  # type: ignore[assignment]
        request.auser = partial(sync_to_async(_user), request)


def _user(request: HttpRequest) -> Any:
    return request.user

"""The request that a page or a route gets behind `login_required` or `TenantAuth`."""

from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    """A request of somebody who has signed in; for type checkers."""

    user: User

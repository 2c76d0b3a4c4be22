"""What the routes share: who calls, whether a page of ours asked, and no cache."""

from django.http import HttpRequest, HttpResponse

from accounts import clients, cookies, limits, sessions
from accounts.errors import Blocked, PersonRequired
from kernel import clock


def guard(
    request: HttpRequest, response: HttpResponse, company: str | None, blocked: str
) -> str:
    """Refuse other sites and robots; return the client for the limits."""
    uncached(response)
    clients.require_same_site(request)
    client = clients.prefix(request)
    if company and company.strip():
        limits.hit("request.client", client)
        raise Blocked(blocked)
    return client


def uncached(response: HttpResponse) -> None:
    """Keep the answer out of every cache, and its address out of other sites."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"


def keep_flow(
    request: HttpRequest, response: HttpResponse, name: str, flow: str
) -> None:
    """Give a browser the flow secret as a cookie that scripts cannot read."""
    longest = clock.now() + limits.DAY
    cookies.write(request, response, name, flow, expires_at=longest)


def require_person(request: HttpRequest) -> None:
    """Raise PersonRequired for an API token, where a scope opens the rest of a route.

    No scope covers roles, addresses and the own account.
    """
    if sessions.of(request) is None:
        raise PersonRequired

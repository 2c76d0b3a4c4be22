"""What holds for every request: an id for the logs, safe headers, error pages."""

import logging
import secrets
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kernel.answers import answer
from kernel.errors import ApplicationError, NotFound

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: Scripts and styles come from our own files alone.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
#: Both admin sites and the API page bring inline scripts and styles of their own.
RELAXED_POLICY = POLICY.replace(
    "script-src 'self'", "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
).replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
RELAXED_PATHS = ("/admin/", "/api/docs")


class RequestId:
    """Gives each request an id: in the logs, in the answer, on the error page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.reference = secrets.token_hex(6)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request.reference):  # type: ignore[attr-defined]
            response = self.get_response(request)
        response["X-Request-ID"] = request.reference  # type: ignore[attr-defined]
        return response


class SecurityHeaders:
    """Sets the headers that a browser needs to keep a page to itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            return response  # Django's page for the developer, with its own styles
        relaxed = request.path.startswith(RELAXED_PATHS)
        headers = {
            "Content-Security-Policy": RELAXED_POLICY if relaxed else POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if settings.TENANTRY_SCHEME == "https" and not settings.DEBUG:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.path.startswith("/api/"):
            headers["Cache-Control"] = "no-store"
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


class ErrorPages:
    """Turns an ApplicationError of a page into the error page of its status."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # With DEBUG, Django lists the routes here, in styles that the policy refuses.
        if response.status_code == HTTPStatus.NOT_FOUND and not request.resolver_match:
            return answer(request, NotFound())
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer an ApplicationError; leave everything else to Django."""
        if not isinstance(exception, ApplicationError):
            return None
        return answer(request, exception)

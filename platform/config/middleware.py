"""What holds for every request: an id for the logs, safe headers, error pages."""

import logging
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import cast

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response

from kernel import clients
from kernel.answers import PROBLEM, answer
from kernel.errors import ApplicationError, BadRequest, NotFound, TooLarge
from kernel.text import storable
from kernel.translation import error_of, translated
from tenants.carrying.serving import speak_to
from tenants.carrying.streaming import carry
from tenants.context import in_control
from tenants.life import stopping

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
#: What Django takes for the length of a body, which not every server looks at; Python
#: reads no number of thousands of digits.
LENGTH = re.compile(r"[0-9]{0,18}")


class RequestId:
    """Gives each request an id: in the logs, in the answer, on the error page.

    A streamed body, which is made later, logs under the same id.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        reference = secrets.token_hex(6)
        request.reference = reference  # type: ignore[attr-defined]
        logged = partial(structlog.contextvars.bound_contextvars, request_id=reference)
        with logged(), clients.asking(request):
            response = self.get_response(request)
            note_refusal(request, response)
        if isinstance(response, StreamingHttpResponse):
            carry(response, logged)
        response["X-Request-ID"] = reference
        return response


class NotedRefusals:
    """Has refusals in the log under their tenant: it stands right inside of that."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        note_refusal(request, response)
        return response


def note_refusal(request: HttpRequest, response: HttpResponseBase) -> None:
    """Log an answer that is an error, once, in the words that Django has for it.

    Django would do it where both the tenant and the request's id are left.
    """
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        log_response(
            "%s: %s",
            response.reason_phrase,
            request.path,
            response=cast(HttpResponse, response),
            request=request,
        )


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
    """Turns an error into the page, or the problem document, of its status."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_bare(request, response):
            return as_problem(request, response)
        # With DEBUG, Django lists the routes here, in styles that the policy refuses.
        if response.status_code == HTTPStatus.NOT_FOUND and not request.resolver_match:
            return answer(request, NotFound())
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer what the kernel has a word for; leave everything else to Django."""
        error = stopping.explained(exception) or translated(exception)
        if error is None:
            error = in_a_list(request, exception)
        if error is None:
            return None
        if error is not exception:
            logger.error("page.refused", exc_info=exception)
        return answer(request, error)


def is_bare(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether a program would get an error that is no problem document."""
    return (
        response.status_code >= HTTPStatus.BAD_REQUEST
        and request.path.startswith("/api/")
        and response.get("Content-Type", "") != PROBLEM
    )


def as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """Return a framework's own error (no such method, no such token) for programs."""
    answered = answer(request, error_of(response.status_code))
    if "Allow" in response.headers:
        answered["Allow"] = response["Allow"]
    return answered


def in_a_list(request: HttpRequest, exception: Exception) -> ApplicationError | None:
    """Return the refusal of an address that asks the admin for what cannot be.

    Its filters take any look-up from the address, a year of nine digits included.
    """
    asked = request.path.startswith("/admin/") and (request.GET or request.POST)
    if asked and isinstance(exception, ValueError | OverflowError):
        return BadRequest()
    return None


class ReadableRequests:
    """Keeps from the views what none of them could read.

    A cookie that cannot be stored is dropped, since a session's key is looked up;
    a form in another encoding than UTF-8 is refused, and so is a length that is none,
    or more than a form may have.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        cookies = {k: v for k, v in request.COOKIES.items() if storable(v)}
        if len(cookies) < len(request.COOKIES):
            request.COOKIES = cookies
        if is_other_encoding(request):
            return answer(request, BadRequest("Send forms in UTF-8."))
        if not LENGTH.fullmatch(request.META.get("CONTENT_LENGTH") or ""):
            return answer(request, BadRequest("The length of the body is no number."))
        if is_form_too_large(request):
            return answer(request, TooLarge())
        return self.get_response(request)


def is_form_too_large(request: HttpRequest) -> bool:
    """Tell of a form what Django tells when it reads one; with files it may be longer.

    Of a form with files Django counts what stands beside them.
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if request.content_type == "application/x-www-form-urlencoded":
        return bool(length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return bool(length > settings.TENANTRY_UPLOAD_MAX_BYTES)


def is_other_encoding(request: HttpRequest) -> bool:
    encoding = (request.content_params or {}).get("charset", "utf-8")
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return is_form and encoding.lower() not in {"utf-8", "utf8"}


class OwnLanguage:
    """Speaks to each person in their own language, at their own time.

    Before it, the language is the tenant's; on the public site, where there is no
    tenant, it is the one that the browser asks for.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_public = in_control()
        if is_public:
            translation.activate(translation.get_language_from_request(request))
        # Programs show who they are later, by a token; it has the same effect there.
        if not request.path.startswith("/api/"):
            # A database that is away is met by the view, where it has its answer.
            with suppress(Error, ApplicationError):
                self.speak(request)
        response = self.get_response(request)
        if is_public:
            patch_vary_headers(response, ["Accept-Language"])
        return response

    def speak(self, request: HttpRequest) -> None:
        """Use the language and the time zone of whoever is signed in."""
        user = request.user
        if user.is_authenticated:
            speak_to(language=user.language, time_zone=user.time_zone)


class CommonRules(CommonMiddleware):
    """Django's own, which adds a missing slash; of an address that is read only."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Leave what is sent alone: a redirect would lose it."""
        is_read = request.method in {"GET", "HEAD"}
        return is_read and super().should_redirect_with_slash(request)

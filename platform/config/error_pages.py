"""Errors as pages for people and as problem+json for programs (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from kernel.errors import ApplicationError, Forbidden, NotFound

PROBLEM = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Return an error for programs; they branch on `code`, which never changes."""
    body = {
        "type": f"urn:tenantry:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }
    return JsonResponse(body, status=status, content_type=PROBLEM, headers=headers)


def page(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    """Return an error for people: what happened, what to do, and the reference."""
    values = {
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "reference": getattr(request, "reference", ""),
        **error.extra,
    }
    try:
        text = render_to_string(f"errors/{error.status}.html", values)
    except TemplateDoesNotExist:
        text = render_to_string("errors/400.html", values)
    return HttpResponse(text, status=error.status, headers=error.headers)


def answer(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    """Return the error in the form that the path asks for."""
    if request.path.startswith("/api/"):
        return problem(
            error.status, error.code, error.detail, headers=error.headers, **error.extra
        )
    return page(request, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer a form that did not come from our own page."""
    text = render_to_string(
        "errors/403_csrf.html", {"reference": getattr(request, "reference", "")}
    )
    return HttpResponse(text, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    error = ApplicationError("The request cannot be read.", code="bad_request")
    error.status = 400
    return answer(request, error)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return answer(request, Forbidden())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours: it is in the logs under the same reference."""
    return answer(request, ApplicationError("Something went wrong on our side."))

"""Errors as pages for people and as problem+json for programs (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from kernel.errors import ApplicationError

PROBLEM = "application/problem+json"
#: These pages stand alone: the brand and the people behind them may be out of reach.
ALONE = frozenset({423, 500, 503})


def answer(
    request: HttpRequest, error: ApplicationError, *, framed: bool = True
) -> HttpResponse:
    """Return the error in the form that the path asks for.

    `framed` puts the site's own frame around a page; it needs a context.
    """
    if request.path.startswith("/api/"):
        return problem(error)
    return page(request, error, framed=framed and error.status not in ALONE)


def problem(error: ApplicationError) -> HttpResponse:
    """Return an error for programs; they branch on `code`, which never changes."""
    body = {
        "type": f"urn:tenantry:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **error.extra,
    }
    return JsonResponse(
        body, status=error.status, content_type=PROBLEM, headers=error.headers
    )


def page(
    request: HttpRequest, error: ApplicationError, *, framed: bool
) -> HttpResponse:
    """Return an error for people: what happened, what to do, and the reference."""
    values: dict[str, Any] = {
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "reference": getattr(request, "reference", ""),
        "retry_after": error.headers.get("Retry-After", ""),
        **error.extra,
    }
    text = render(error.status, values, request if framed else None)
    return HttpResponse(text, status=error.status, headers=error.headers)


def render(status: int, values: dict[str, Any], request: HttpRequest | None) -> str:
    try:
        return render_to_string(f"errors/{status}.html", values, request)
    except TemplateDoesNotExist:
        return render_to_string("errors/400.html", values, request)

"""Answers given before a URLconf is chosen: to unknown hosts and for stopped tenants.

They touch no data, so they need no context.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from kernel.errors import ApplicationError


def refuse(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    """Return the error as problem+json under /api/, as a page elsewhere."""
    if request.path.startswith("/api/"):
        return problem(error)
    return page(request, error)


def problem(error: ApplicationError) -> HttpResponse:
    body = {
        "type": f"urn:tenantry:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    return JsonResponse(
        body,
        status=error.status,
        content_type="application/problem+json",
        headers=error.headers,
    )


def page(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    values = {
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "reference": getattr(request, "reference", ""),
    }
    text = render_to_string(f"errors/{error.status}.html", values)
    return HttpResponse(text, status=error.status, headers=error.headers)

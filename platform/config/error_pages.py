"""What Django asks for where it answers an error by itself."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from kernel.answers import answer
from kernel.errors import ApplicationError, BadRequest, Forbidden, NotFound


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer a form that did not come from our own page."""
    values = {"reference": getattr(request, "reference", "")}
    return HttpResponse(
        render_to_string("errors/403_csrf.html", values, request), status=403
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return answer(request, BadRequest())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return answer(request, Forbidden())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours: it is in the logs under the same reference."""
    return answer(request, ApplicationError("Something went wrong on our side."))

"""Errors as pages for people and as problem+json for programs (RFC 9457)."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from kernel.errors import ApplicationError

PROBLEM = "application/problem+json"
#: The styles of every page, in the order of their layers.
STYLES = ("tokens", "base", "components", "print")
#: These pages stand alone: the brand and the people behind them may be out of reach.
ALONE = frozenset({402, 423, 500, 503})


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
    """Return an error for people: what happened, what to do, and the reference.

    A page without a frame brings its styles along: the host that it answers for may
    serve no file.
    """
    seconds = _seconds(error.headers.get("Retry-After", ""))
    values: dict[str, Any] = {
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "reference": getattr(request, "reference", ""),
        "retry_after": seconds,
        "minutes": -(-seconds // 60) if seconds else None,
        **error.extra,
    }
    if framed:
        text = render(error, values, request)
        return HttpResponse(text, status=error.status, headers=error.headers)
    text = render(error, {**values, "standalone": styles()}, None)
    headers = {"Content-Security-Policy": policy(), **error.headers}
    return HttpResponse(text, status=error.status, headers=headers)


def alone(
    template: str, values: dict[str, Any], *, has_form: bool = False
) -> HttpResponse:
    """Return a page that stands alone and is no error; it is not kept by anybody.

    With `has_form` it may send one to its own host.
    """
    text = render_to_string(template, {**values, "standalone": styles()})
    target = "form-action 'self'" if has_form else "form-action 'none'"
    headers = {
        "Content-Security-Policy": policy().replace("form-action 'none'", target),
        "Cache-Control": "no-store",
    }
    return HttpResponse(text, headers=headers)


def _seconds(text: str) -> int | None:
    """Return a count of seconds as a number, which the plural of a language needs."""
    return int(text) if text.isascii() and text.isdigit() else None


@cache
def styles() -> SafeString:
    """Return all styles of the pages as one text, for a page that stands alone."""
    found = [finders.find(f"tenantry/{name}.css") for name in STYLES]
    texts = [Path(path).read_text(encoding="utf-8") for path in found if path]
    return mark_safe("\n".join(texts))  # noqa: S308 - our own files


@cache
def policy() -> str:
    """Return the content security policy that allows these styles and nothing else."""
    digest = b64encode(sha256(styles().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " object-src 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render(
    error: ApplicationError, values: dict[str, Any], request: HttpRequest | None
) -> str:
    """Return the page of the error's code, of its status, or the plain one."""
    names = (f"errors/{name}.html" for name in (error.code, error.status, 400))
    return render_to_string(list(names), values, request)

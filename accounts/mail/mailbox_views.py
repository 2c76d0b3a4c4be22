"""Read the mails of the entered schema in development."""

from dataclasses import asdict
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.mail import devbox
from accounts.mail.devbox import Letter

#: A mail may show its own styles and our pictures, and do nothing.
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline';"
    " frame-ancestors 'self'; sandbox allow-popups"
)


@require_safe
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the list, and the newest message beside it."""
    return _show(request, None)


@require_safe
@never_cache
def message(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Show one message beside the list."""
    return _show(request, _letter(letter_id))


@require_safe
@never_cache
@xframe_options_sameorigin
def html(request: HttpRequest, letter_id: str) -> HttpResponse:  # noqa: ARG001 - a view
    """Return the HTML of a message for its sandboxed frame."""
    response = HttpResponse(_letter(letter_id).html)
    response["Content-Security-Policy"] = POLICY
    return response


@require_safe
@never_cache
def as_json(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view
    """Return the messages, newest first."""
    return JsonResponse([asdict(letter) for letter in devbox.letters()], safe=False)


def _letter(letter_id: str) -> Letter:
    found = devbox.letter(letter_id)
    if found is None:
        raise Http404
    return found


def _show(request: HttpRequest, chosen: Letter | None) -> HttpResponse:
    letters = devbox.letters()
    shown = chosen or (letters[0] if letters else None)
    return render(
        request,
        "accounts/mailbox.html",
        {
            "rows": [_row(letter) for letter in letters],
            "shown": _row(shown) if shown else None,
            "is_message": chosen is not None,
            "as_text": request.GET.get("part") == "text",
        },
    )


def _row(letter: Letter) -> dict[str, object]:
    at = datetime.fromisoformat(letter.sent_at)
    return {"letter": letter, "at": at, "to": ", ".join(letter.to)}

"""Each mail of the accounts as it would leave, with invented values, unsent."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts import branding
from accounts.mail import languages, rendering, samples
from accounts.mail.rendering import Rendered
from accounts.pages.branding import PERMISSION, previewed_in, unsaved
from accounts.pages.settings import page, show
from kernel.errors import NotFound

#: A mail may show its own styles and this site's pictures, and do nothing.
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline';"
    " frame-ancestors 'self'; sandbox"
)


@page(PERMISSION)
def show_mail(request: HttpRequest, mail: str) -> HttpResponse:
    """Show subject, HTML and text of a mail, in a language that can be chosen."""
    language = _language(request)
    rendered = _rendered(request, mail, language)
    return show(
        request,
        "branding_mail",
        heading=_("Mails"),
        lead=_("With invented values and a code that opens nothing."),
        name=mail,
        mails=list(samples.LABELS.items()),
        chosen=language,
        languages=settings.MAIL_LANGUAGES,
        rendered=rendered,
    )


@xframe_options_sameorigin
@page(PERMISSION)
def mail_html(request: HttpRequest, mail: str) -> HttpResponse:
    """Return the HTML of a mail for its sandboxed frame."""
    rendered = _rendered(request, mail, _language(request))
    response = HttpResponse(rendered.html)
    response["Content-Security-Policy"] = POLICY
    return response


def _language(request: HttpRequest) -> str:
    return languages.chosen(
        request.GET.get("language", ""), branding.current().language
    )


def _rendered(request: HttpRequest, name: str, language: str) -> Rendered:
    if name not in samples.SAMPLES:
        raise NotFound
    # The frame may show pictures of its own host only.
    values: dict[str, Any] = {**samples.of(name), "assets_url": ""}
    brand = branding.of(unsaved(previewed_in(request)))
    return rendering.of_template(
        f"accounts/{name}", values, brand=brand, language=language
    )

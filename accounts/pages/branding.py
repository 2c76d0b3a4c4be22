"""The branding: its sections, each saved by itself, with a preview of what is typed."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import branding
from accounts.branding import changing, logos, rules, sheet
from accounts.branding.changing import Variant
from accounts.branding.palette import Chosen
from accounts.branding.rules import COLOURS, Problem
from accounts.errors import (
    BrandingChanged,
    BrandingInvalid,
    LogoInvalid,
    LogoTooLarge,
    ReauthenticationRequired,
    Throttled,
)
from accounts.models import TenantBranding
from accounts.pages import answering, branding_forms, proving
from accounts.pages.answering import REFUSED
from accounts.pages.branding_forms import AddressForm, LogoForm, Section
from accounts.pages.settings import page, show
from accounts.signed_in import person
from kernel.errors import ApplicationError, NotFound

PERMISSION = "branding.manage"
VIA = "session"
#: What is shown before it is saved.
PREVIEWED = ("name", *COLOURS, "footer")
YEAR = 365 * 24 * 3600
PICTURE_HEADERS = {
    "Cache-Control": f"public, max-age={YEAR}, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # Mails show it, wherever they are read.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@page(PERMISSION)
def index(request: HttpRequest) -> HttpResponse:
    """Show the sections; save the one that was sent, or show it without saving."""
    if request.method != "POST":
        return _show(request)
    if "remove" in request.POST:
        return _remove_address(request, request.POST["remove"])
    name = request.POST.get("section", "")
    if name not in branding_forms.SECTIONS:
        raise NotFound
    form = branding_forms.sent(name, _typed(request.POST))
    if "preview" in request.POST or "use" in request.POST:
        form.is_valid()
        return _show(request, sent={name: form}, typed=form.data)
    return _save(request, name, form)


@page(PERMISSION)
def preview(request: HttpRequest) -> HttpResponse:
    """Return the previews alone, of what is in the fields and not saved."""
    values = _previewed(request.POST)
    return render(request, "accounts/settings/_branding_preview.html", _seen(values))


@page(PERMISSION)
def preview_css(request: HttpRequest) -> HttpResponse:
    """Return the colours of the address as a style sheet for the preview."""
    brand = branding.of(unsaved(_previewed(request.GET)))
    css = f".brand-preview{{{sheet.declarations(brand.palette)}}}\n"
    return HttpResponse(css, content_type="text/css; charset=utf-8")


@page(PERMISSION)
def logo(request: HttpRequest, variant: str) -> HttpResponse:
    """Take or remove the logo of one theme."""
    if variant not in changing.COLUMNS:
        raise NotFound
    chosen, by = cast(Variant, variant), person(request)
    if request.method != "POST":
        return redirect("accounts:branding")
    if "remove" in request.POST:
        changing.remove_logo(variant=chosen, by=by, via=VIA)
        messages.success(request, _("The logo was removed."))
        return redirect("accounts:branding")
    form = LogoForm(request.POST, request.FILES, auto_id=f"logo_{variant}_%s")
    if form.is_valid():
        try:
            upload = form.cleaned_data["logo"]
            changing.set_logo(upload, variant=chosen, by=by, via=VIA)
        except (LogoInvalid, LogoTooLarge) as error:
            form.add_error("logo", error.detail)
        else:
            messages.success(request, _("The logo was saved."))
            return redirect("accounts:branding")
    return _show(request, sent={f"logo_{variant}": form})


@require_safe
def picture(request: HttpRequest, digest: str) -> HttpResponse:  # noqa: ARG001 - a view
    """Send one of the two logos that are in use here. Raises NotFound for all else."""
    row, name = changing.standing(), logos.name_of(digest)
    content = logos.opened(name) if name in {row.logo, row.logo_dark} else None
    if content is None:
        raise NotFound
    return HttpResponse(content, content_type="image/png", headers=PICTURE_HEADERS)


def unsaved(values: Mapping[str, str]) -> TenantBranding:
    """Return the row with typed values in it, as far as they can be shown at all."""
    row = changing.standing()
    found, _problems = rules.each(values)
    for field, value in found.items():
        setattr(row, field, value)
    return row


def query_of(values: Mapping[str, str]) -> str:
    """Return what leads the previews to the typed values."""
    return urlencode(values)


def previewed_in(request: HttpRequest) -> dict[str, str]:
    """Return the typed values that an address carries."""
    return _previewed(request.GET)


def shown_with(request: HttpRequest, name: str, form: Any) -> HttpResponse:
    """Return the page with a form that was refused elsewhere."""
    return _show(request, sent={name: form})


def _save(request: HttpRequest, name: str, form: Section) -> HttpResponse:
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            if changing.touches_who_gets_in(form.values()):
                proving.require(request)
            changing.change(form.values(), by=person(request), via=VIA, version=version)
        except BrandingInvalid as error:
            form.refuse(error.extra["errors"])
        except (BrandingChanged, ReauthenticationRequired, Throttled) as error:
            answering.add_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(f"{reverse('accounts:branding')}#{name}")
    return _show(request, sent={name: form}, typed=form.data, status=REFUSED)


def _remove_address(request: HttpRequest, address: str) -> HttpResponse:
    kept = [item for item in changing.standing().reply_to if item != address]
    try:
        changing.change({"reply_to": kept}, by=person(request), via=VIA)
    except ApplicationError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("Answers no longer go there."))
    return redirect(f"{reverse('accounts:branding')}#answers")


def _typed(data: QueryDict) -> QueryDict:
    """Return what was typed, with the colour in it that a button offers instead."""
    field, _colon, colour = data.get("use", "").partition(":")
    if field not in COLOURS:
        return data
    typed = data.copy()
    typed[field] = colour
    return typed


def _previewed(data: Mapping[str, str]) -> dict[str, str]:
    return {field: str(data[field]) for field in PREVIEWED if field in data}


def _show(
    request: HttpRequest,
    *,
    sent: Mapping[str, Any] | None = None,
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    row = changing.standing()
    version = changing.version_of(row)
    forms: dict[str, Any] = {
        name: branding_forms.of(name, row, version) for name in branding_forms.SECTIONS
    }
    for variant in changing.COLUMNS:
        forms[f"logo_{variant}"] = LogoForm(auto_id=f"logo_{variant}_%s")
    given = dict(sent or {})
    if any(form.errors for form in given.values()):
        status = REFUSED
    return show(
        request,
        "branding",
        status=status,
        heading=_("Branding"),
        lead=_("How the workspace and its mails look, and who they say they are from."),
        forms={**forms, **given},
        address_form=given.get("address") or AddressForm(auto_id="answers_%s"),
        reply_to=row.reply_to,
        needs_password=proving.is_needed(request),
        **_seen(_previewed(typed or {})),
    )


def _seen(values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the previews show: a brand, its addresses, what cannot be read."""
    row = unsaved(values)
    return {
        "brand": branding.of(row),
        "problems": _contrast_of(row),
        "query": query_of(values),
        "is_unsaved": bool(values),
    }


def _contrast_of(row: TenantBranding) -> list[Problem]:
    colours = {field: getattr(row, field) for field in COLOURS}
    return rules.contrast_problems(Chosen(**colours))

"""The devices that are signed in: see them, sign one out, or all."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import page_sessions, sessions, sign_out
from accounts.models import ApiToken, RefreshSession, SecurityEvent, User
from accounts.pages.settings import page, show
from accounts.signed_in import person
from kernel import clock

VIA = SecurityEvent.Via.SESSION


@page("sessions.manage_own")
def devices(request: HttpRequest) -> HttpResponse:
    """Show the devices; sign out one, the others, or everything."""
    if request.method == "POST":
        return _sign_out(request)
    own = sessions.here(request)
    found = sessions.open_of(own)
    return show(
        request,
        "devices",
        heading=_("Devices"),
        lead=_("Where you are signed in at the moment."),
        devices=[
            {"row": one, "is_own": one.pk == own.pk, "icon": _icon(one)}
            for one in found
        ],
        columns=[
            {"label": _("Device")},
            {"label": _("Network")},
            {"label": _("Last used")},
            {"label": ""},
        ],
        others=len(found) - 1,
        others_text=ngettext(
            "One other device is signed out at once.",
            "%(count)d other devices are signed out at once.",
            len(found) - 1,
        )
        % {"count": len(found) - 1},
        tokens_text=_tokens_text(person(request)),
    )


def _tokens_text(user: User) -> str:
    """Return the offer to end the own API tokens too; empty where none works."""
    works = ApiToken.objects.working(at=clock.now()).filter(user=user).count()
    if not works:
        return ""
    words = ngettext(
        "Also end my API token (%(count)d)", "Also end my API tokens (%(count)d)", works
    )
    return words % {"count": works}


def _others_ended(tokens: int) -> str:
    if not tokens:
        return _("All other devices are signed out.")
    words = ngettext(
        "All other devices are signed out, and %(count)d API token ended.",
        "All other devices are signed out, and %(count)d API tokens ended.",
        tokens,
    )
    return words % {"count": tokens}


def _icon(session: RefreshSession) -> str:
    is_phone = session.client_label.endswith(("Android", "iPhone", "iPad"))
    if session.kind == RefreshSession.Kind.PAGE:
        return "smartphone" if is_phone else "monitor"
    return "app-window" if session.kind == RefreshSession.Kind.WEB else "smartphone"


def _sign_out(request: HttpRequest) -> HttpResponse:
    user, own = person(request), sessions.here(request)
    ends_tokens = "tokens" in request.POST
    if "everywhere" in request.POST:
        sign_out.everywhere(user, ends_tokens=ends_tokens, via=VIA)
        page_sessions.end(request)
        return redirect("accounts:sign-in")
    if "others" in request.POST:
        ended = sign_out.others(user, keep=own.pk, ends_tokens=ends_tokens, via=VIA)
        messages.success(request, _others_ended(ended))
        return redirect("accounts:devices")
    sign_out.one(user, request.POST.get("end", ""), via=VIA)
    messages.success(request, _("The device is signed out."))
    return redirect("accounts:devices")

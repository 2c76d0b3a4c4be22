"""The devices that are signed in: see them, sign one out, or all."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import page_sessions, sessions
from accounts.models import RefreshSession, SecurityEvent
from accounts.pages.settings import page, person, show

VIA = SecurityEvent.Via.SESSION


@page()
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
    )


def _icon(session: RefreshSession) -> str:
    is_phone = session.client_label.endswith(("Android", "iPhone", "iPad"))
    if session.kind == RefreshSession.Kind.PAGE:
        return "smartphone" if is_phone else "monitor"
    return "app-window" if session.kind == RefreshSession.Kind.WEB else "smartphone"


def _sign_out(request: HttpRequest) -> HttpResponse:
    user, own = person(request), sessions.here(request)
    if "everywhere" in request.POST:
        sessions.end_everywhere(user, via=VIA)
        page_sessions.end(request)
        return redirect("accounts:sign-in")
    if "others" in request.POST:
        sessions.end_others(user, keep=own.pk, via=VIA)
        messages.success(request, _("All other devices are signed out."))
        return redirect("accounts:devices")
    sessions.end_one(user, request.POST.get("end", ""), via=VIA)
    messages.success(request, _("The device is signed out."))
    return redirect("accounts:devices")

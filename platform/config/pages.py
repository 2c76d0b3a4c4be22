"""The frame around every page, the start page, and the tenant's colours."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import branding
from tenants import roles
from tenants.context import Control, TenantInfo, current_or_none
from tenants.life import conduct
from workflow import worklist

THEMES = ("light", "dark")
#: Where the public host is the operators' console.
OPERATOR_PATHS = ("/admin/", "/accounts/")


@dataclass(frozen=True)
class Entry:
    """One entry of the sidebar."""

    label: str
    url: str
    icon: str
    active: bool
    count: int | None = None


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return `frame`, what the base templates show around a page."""
    context = current_or_none()
    user = getattr(request, "user", None)
    signed_in = user if user is not None and user.is_authenticated else None
    values: dict[str, Any] = {
        "kind": kind(request, context),
        "name": "Tenantry",
        "branding_css": "",
        "is_read_only": False,
        "is_in_maintenance": False,
        "logo": "",
        "logo_dark": "",
        "nav": [],
        "user": signed_in,
        "user_name": getattr(signed_in, "display_name", ""),
        "user_initials": getattr(signed_in, "initials", ""),
        "theme": theme(request),
        "mailbox_url": mailbox_url(),
        "sign_in_url": "/accounts/sign-in",
        "sign_out_url": "/accounts/sign-out",
    }
    if isinstance(context, TenantInfo):
        brand = branding.current()
        values["name"] = brand.name
        values["is_read_only"] = roles.may_only_read(context)
        values["is_in_maintenance"] = conduct.in_maintenance(context)
        values["logo"], values["logo_dark"] = brand.logo, brand.logo_dark
        values["branding_css"] = f"/branding.css?v={brand.version}"
        values["nav"] = navigation(request, signed_in) if signed_in else []
    elif signed_in and values["kind"] == "operator":
        values["nav"] = operator_navigation(request)
    values["initial"] = values["name"][:1].upper()
    return {"frame": values}


def kind(request: HttpRequest, context: TenantInfo | Control | None) -> str:
    if isinstance(context, TenantInfo):
        return "tenant"
    return "operator" if request.path.startswith(OPERATOR_PATHS) else "public"


def theme(request: HttpRequest) -> str:
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "system"


def mailbox_url() -> str:
    """Return where mails can be read; empty where they leave the machine."""
    if not (settings.DEBUG and settings.DEVELOPMENT_MODE):
        return ""
    is_kept = settings.EMAIL_BACKEND == settings.MAILBOX_BACKEND
    return "/dev/mailbox/" if is_kept else ""


def navigation(request: HttpRequest, user: Any) -> list[Entry]:
    """Return the sidebar's entries for this person."""
    entries = [
        (_("My work"), "/workflow/mywork/", "inbox", worklist.open_count(user)),
        (_("Leave"), "/leave/", "calendar-days", None),
        (_("My requests"), "/workflow/myrequests/", "send", None),
    ]
    if user.may("workflow.can_view_others_work"):
        entries.append((_("Others' work"), "/workflow/otherswork/", "users", None))
    if user.may("workflow.can_resolve_incidents"):
        found = (_("Incidents"), "/workflow/incidents/", "triangle-alert", None)
        entries.append(found)
    entries.append((_("Settings"), "/accounts/", "settings", None))
    if user.role in {"owner", "admin"}:
        entries.append((_("Administration"), "/admin/", "database", None))
    return [
        Entry(label, url, icon, request.path.startswith(url), count)
        for label, url, icon, count in entries
    ]


def operator_navigation(request: HttpRequest) -> list[Entry]:
    """Return the sidebar's entries on an operator's own pages."""
    entries = [
        (_("Console"), "/admin/", "database"),
        (_("Your account"), "/accounts/", "user"),
    ]
    return [
        Entry(label, url, icon, request.path.startswith(url))
        for label, url, icon in entries
    ]


@login_required
def home(request: HttpRequest) -> HttpResponseBase:  # noqa: ARG001 - a view
    """Lead to what needs the person now."""
    return redirect("workflow:my-work")


def branding_css(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Return the tenant's colours; the address names their version."""
    return HttpResponse(
        branding.stylesheet(),
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": "private, max-age=3600"},
    )

"""The pages of the settings: their sections, and the frame around each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import signed_in
from accounts.models import User
from accounts.signed_in import person
from tenants import context

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Section:
    """One entry of the settings; shown to those who hold the permission.

    Operators see what they have on the public host, and no other.
    """

    name: str
    label: str | Promise
    permission: str = ""
    for_operators: bool = False

    def is_for(self, user: User) -> bool:
        if context.in_control():
            return self.for_operators
        return not self.permission or user.may(self.permission)


#: The sections in their order; `name` is the name of the route.
SECTIONS: tuple[Section, ...] = (
    Section("profile", _("Profile")),
    Section("security", _("Security"), for_operators=True),
    Section("devices", _("Devices"), "sessions.manage_own", for_operators=True),
    Section("tokens", _("API tokens"), "tokens.manage_own"),
    Section("people", _("People"), "users.view"),
    Section("invitations", _("Invitations"), "invitations.manage"),
    Section("sign-in-rules", _("Sign-in rules"), "branding.manage"),
    Section("branding", _("Branding"), "branding.manage"),
    Section("domains", _("Domains"), "tenant.manage"),
    Section("mail", _("Mail"), "mail.view"),
    Section("events", _("Events"), "events.view"),
    Section("plan", _("Plan and usage"), "tenant.manage"),
)


def page(permission: str = "") -> Callable[[View], View]:
    """Let signed-in people in who hold the permission; kept out of every cache.

    Raises Forbidden for the others.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if permission:
                signed_in.require(request, permission)
            return view(request, *args, **kwargs)

        guarded = sensitive_post_parameters()(never_cache(checked))
        limited: View = require_http_methods(["GET", "HEAD", "POST"])(guarded)
        return login_required(limited)

    return decorate


def show(
    request: HttpRequest, template: str, *, status: int = 200, **values: Any
) -> HttpResponse:
    """Return a page of the settings, `accounts/settings/<template>.html`.

    The values hold a `heading`, and a `lead` where the page needs a sentence.
    """
    response = render(
        request,
        f"accounts/settings/{template}.html",
        {"sections": _links(request), **values},
        status=status,
    )
    response["Referrer-Policy"] = "same-origin"
    return response


def _links(request: HttpRequest) -> list[dict[str, Any]]:
    user = person(request)
    found = [section for section in SECTIONS if section.is_for(user)]
    urls = [reverse(f"accounts:{section.name}") for section in found]
    return [
        {"label": section.label, "url": url, "active": request.path.startswith(url)}
        for section, url in zip(found, urls, strict=True)
    ]


@page()
def index(request: HttpRequest) -> HttpResponse:
    """Lead to the first section."""
    first = next(section for section in SECTIONS if section.is_for(person(request)))
    return redirect(f"accounts:{first.name}")

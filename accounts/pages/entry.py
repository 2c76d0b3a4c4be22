"""What the pages before the sign-in share: their frame, and where they lead.

Each parses a form, calls one function, answers. The flow secret and the ticket travel
in HttpOnly cookies, the address in the session; nothing secret stands in a path or a
query.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import clients, cookies, limits, registration_policy
from accounts.challenges import TICKET_LIFE
from accounts.errors import Blocked, Throttled, TicketRequired
from accounts.pages import answering
from accounts.pages.answering import REFUSED
from kernel import clock
from kernel.errors import ApplicationError
from tenants import context

#: Where the session keeps the address that a flow is about.
ADDRESS = "accounts_address"
View = Callable[[HttpRequest], HttpResponse]


def page(view: View) -> View:
    """Show a form, take a form; kept out of caches and out of error reports."""
    guarded = sensitive_post_parameters()(view)
    uncached = never_cache(guarded)
    limited: View = require_http_methods(["GET", "HEAD", "POST"])(uncached)
    return limited


def local_target(request: HttpRequest) -> str:
    """Return the path to go to after signing in; never another host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_local = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None
    )
    if is_local:
        return wanted
    return "/admin/" if context.in_control() else "/"


def address(request: HttpRequest) -> str:
    """Return the address that the flow is about; empty where none was begun."""
    return str(request.session.get(ADDRESS, ""))


def to_sign_in(request: HttpRequest, text: str) -> HttpResponse:
    """Lead to the sign-in, which shows the text."""
    messages.success(request, text)
    return redirect("accounts:sign-in")


def to_new_password(request: HttpRequest, ticket: str) -> HttpResponse:
    """Lead to the new password with the ticket that was earned."""
    response = redirect("accounts:new-password")
    expires_at = clock.now() + TICKET_LIFE
    cookies.write(request, response, cookies.TICKET, ticket, expires_at=expires_at)
    cookies.drop(response, cookies.FLOW_RESET)
    cookies.drop(response, cookies.FLOW_REGISTER)
    return response


def refuse_robots(request: HttpRequest) -> None:
    """Count who fills in the field that nobody sees. Raises Blocked, Throttled."""
    if request.POST.get("company", "").strip():
        limits.hit("request.client", clients.prefix(request))
        raise Blocked


def show(
    request: HttpRequest,
    template: str,
    form: forms.Form,
    *,
    status: int | None = None,
    **values: Any,
) -> HttpResponse:
    """Return a form in its page, `accounts/<template>.html`; a 422 if it has errors."""
    refused = REFUSED if request.method == "POST" and form.errors else 200
    in_tenant = not context.in_control()
    response = render(
        request,
        f"accounts/{template}.html",
        {
            "form": form,
            "may_register": in_tenant and not registration_policy.current().is_closed,
            **values,
        },
        status=status or refused,
    )
    response["Referrer-Policy"] = "same-origin"
    return response


def refuse(
    request: HttpRequest,
    template: str,
    form: forms.Form,
    error: ApplicationError,
    **values: Any,
) -> HttpResponse:
    """Show the form again with the error at its field; keep what was typed."""
    is_dead = isinstance(error, TicketRequired)
    text = _link_is_dead() if is_dead else answering.words(error)
    form.add_error(answering.field_of(form, error), text)
    status = error.status if isinstance(error, Throttled) else REFUSED
    response = show(request, template, form, status=status, **values)
    for name, value in error.headers.items():
        response[name] = value
    return response


def _link_is_dead() -> str:
    return _("This link was used already or has expired. Ask for a new code.")

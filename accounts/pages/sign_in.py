"""Sign in by password and second factor; sign out."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import (
    clients,
    cookies,
    known_devices,
    mfa_tickets,
    page_sessions,
    sign_in,
)
from accounts.errors import (
    EmailUnverified,
    FactorFailed,
    FactorRequired,
    FactorTooLate,
    PasswordChangeRequired,
    SignInFailed,
    Throttled,
)
from accounts.forms import CodeForm, RecoveryCodeForm, SignInForm
from accounts.models import SecurityEvent, User
from accounts.pages import answering, entry
from kernel import clock


@entry.page
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Sign in, then lead to where the person wanted to go."""
    target = entry.local_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(
        answering.posted(request), initial={"username": entry.address(request)}
    )
    if not answering.is_sent(request, form):
        return entry.show(request, "sign_in", form, next=target)
    try:
        user = sign_in.authenticate(
            form.cleaned_data["username"],
            form.cleaned_data["password"],
            client=clients.prefix(request),
            known=known_devices.read(request),
        )
    except PasswordChangeRequired as error:
        return entry.to_new_password(request, error.extra["ticket"])
    except FactorRequired as error:
        return _to_second_factor(request, error.extra["mfa_ticket"], target)
    except (SignInFailed, EmailUnverified, Throttled) as error:
        return entry.refuse(request, "sign_in", form, error, next=target)
    return _let_in(request, user, target)


@entry.page
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the second factor after the password: a code, or a recovery code."""
    ticket = cookies.read(request, cookies.MFA_TICKET)
    if not ticket:
        return redirect("accounts:sign-in")
    target = entry.local_target(request)
    recovers = "recovery" in request.GET
    form = (RecoveryCodeForm if recovers else CodeForm)(answering.posted(request))
    values: dict[str, Any] = {"next": target, "recovers": recovers}
    if not answering.is_sent(request, form):
        return entry.show(request, "second_factor", form, **values)
    try:
        user = sign_in.authenticate_factor(
            ticket, form.cleaned_data["code"], client=clients.prefix(request)
        )
    except FactorTooLate as error:
        messages.warning(request, _(error.detail))
        return _without_ticket(redirect("accounts:sign-in"))
    except (FactorFailed, Throttled) as error:
        return entry.refuse(request, "second_factor", form, error, **values)
    return _without_ticket(_let_in(request, user, target, factor_shown_at=clock.now()))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the browser session."""
    page_sessions.end(request)
    return redirect("accounts:sign-in")


def _to_second_factor(request: HttpRequest, ticket: str, target: str) -> HttpResponse:
    path, query = reverse("accounts:second-factor"), urlencode({"next": target})
    response = redirect(f"{path}?{query}")
    expires_at = clock.now() + mfa_tickets.LIFE
    cookies.write(request, response, cookies.MFA_TICKET, ticket, expires_at=expires_at)
    return response


def _without_ticket(response: HttpResponse) -> HttpResponse:
    cookies.drop(response, cookies.MFA_TICKET)
    return response


def _let_in(
    request: HttpRequest,
    user: User,
    target: str,
    *,
    factor_shown_at: datetime | None = None,
) -> HttpResponse:
    known = known_devices.read(request)
    with transaction.atomic():
        session = page_sessions.begin(request, user, factor_shown_at=factor_shown_at)
        sign_in.complete(user, session, via=SecurityEvent.Via.SESSION, known=known)
    response = redirect(target)
    known_devices.remember(request, response, user)
    return response

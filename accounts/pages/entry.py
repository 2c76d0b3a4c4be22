"""The pages of the account flows: each parses a form, calls one function, answers.

The flow secret and the ticket travel in HttpOnly cookies, the address in the session;
nothing secret stands in a path or a query.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import (
    clients,
    cookies,
    known_devices,
    limits,
    mfa_tickets,
    page_sessions,
    recovery,
    registration,
    registration_policy,
    sign_in,
)
from accounts.challenges import TICKET_LIFE, Verdict
from accounts.errors import (
    Blocked,
    EmailUnverified,
    FactorFailed,
    FactorRequired,
    FactorTooLate,
    PasswordChangeRequired,
    SignInFailed,
    Throttled,
    TicketRequired,
)
from accounts.forms import (
    CodeForm,
    ForgotForm,
    NewPasswordForm,
    RecoveryCodeForm,
    RegisterForm,
    SetPasswordForm,
    SignInForm,
)
from accounts.models import SecurityEvent, User
from accounts.pages import answering
from accounts.pages.answering import REFUSED
from accounts.services.auth_flow import ANSWERS
from kernel import clock
from kernel.errors import ApplicationError
from tenants import context

ADDRESS = "accounts_address"
View = Callable[[HttpRequest], HttpResponse]


def page(view: View) -> View:
    """Show a form, take a form; kept out of caches and out of error reports."""
    guarded = sensitive_post_parameters()(view)
    uncached = never_cache(guarded)
    limited: View = require_http_methods(["GET", "HEAD", "POST"])(uncached)
    return limited


@page
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Sign in, then lead to where the person wanted to go."""
    target = local_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(_posted(request), initial={"username": _address(request)})
    if not answering.is_sent(request, form):
        return _show(request, "sign_in", form, next=target)
    try:
        user = sign_in.authenticate(
            form.cleaned_data["username"],
            form.cleaned_data["password"],
            client=clients.prefix(request),
            known=known_devices.read(request),
        )
    except PasswordChangeRequired as error:
        return _to_new_password(request, error.extra["ticket"])
    except FactorRequired as error:
        return _to_second_factor(request, error.extra["mfa_ticket"], target)
    except (SignInFailed, EmailUnverified, Throttled) as error:
        return _refuse(request, "sign_in", form, error, next=target)
    return _let_in(request, user, target)


@page
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the second factor after the password: a code, or a recovery code."""
    ticket, target = cookies.read(request, cookies.MFA_TICKET), local_target(request)
    if not ticket:
        return redirect("accounts:sign-in")
    recovers = "recovery" in request.GET
    form = (RecoveryCodeForm if recovers else CodeForm)(_posted(request))
    values: dict[str, Any] = {"next": target, "recovers": recovers}
    if not answering.is_sent(request, form):
        return _show(request, "second_factor", form, **values)
    try:
        user = sign_in.authenticate_factor(
            ticket, form.cleaned_data["code"], client=clients.prefix(request)
        )
    except FactorTooLate as error:
        messages.warning(request, _(error.detail))
        return _without_ticket(redirect("accounts:sign-in"))
    except (FactorFailed, Throttled) as error:
        return _refuse(request, "second_factor", form, error, **values)
    return _without_ticket(_let_in(request, user, target, factor_shown_at=clock.now()))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the browser session."""
    page_sessions.end(request)
    return redirect("accounts:sign-in")


@page
def register(request: HttpRequest) -> HttpResponse:
    """Take a registration and mail the code."""
    registration.refuse_unless_open()
    form = RegisterForm(_posted(request))
    if not answering.is_sent(request, form):
        return _show(request, "register", form)
    values = form.cleaned_data
    try:
        _refuse_robots(request)
        flow = registration.register(
            email=values["email"],
            first_name=values["first_name"],
            last_name=values["last_name"],
            password=values["password"],
            client=clients.prefix(request),
        )
    except ApplicationError as error:
        return _refuse(request, "register", form, error)
    return _to_code(
        request, "accounts:verify", cookies.FLOW_REGISTER, flow, values["email"]
    )


@page
def verify(request: HttpRequest) -> HttpResponse:
    """Take the code of a registration."""
    return _code_page(
        request,
        template="verify",
        cookie=cookies.FLOW_REGISTER,
        begin="accounts:register",
        send_again=lambda email, flow, client: registration.resend(
            email=email, flow=flow, client=client
        ),
    )


@page
def forgot(request: HttpRequest) -> HttpResponse:
    """Send a code for a new password, if the address has an account."""
    form = ForgotForm(_posted(request), initial={"email": _address(request)})
    if not answering.is_sent(request, form):
        return _show(request, "forgot", form)
    email = form.cleaned_data["email"]
    try:
        _refuse_robots(request)
        flow = recovery.request_code(email=email, client=clients.prefix(request))
    except ApplicationError as error:
        return _refuse(request, "forgot", form, error)
    return _to_code(request, "accounts:reset-code", cookies.FLOW_RESET, flow, email)


@page
def reset_code(request: HttpRequest) -> HttpResponse:
    """Take the code of a forgotten password."""
    return _code_page(
        request,
        template="reset_code",
        cookie=cookies.FLOW_RESET,
        begin="accounts:forgot",
        send_again=lambda email, flow, client: recovery.request_code(
            email=email, flow=flow, client=client
        ),
    )


@page
def new_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password with the ticket that the code earned."""
    ticket, email = cookies.read(request, cookies.TICKET), _address(request)
    if not ticket:
        return redirect("accounts:forgot")
    form = NewPasswordForm(_posted(request))
    if not answering.is_sent(request, form):
        return _show(request, "new_password", form, email=email)
    try:
        _set_password(form, ticket, email=email or None)
    except ApplicationError as error:
        return _refuse(request, "new_password", form, error, email=email)
    response = _to_sign_in(request, _("Your password is changed. Sign in with it."))
    cookies.drop(response, cookies.TICKET)
    return response


@page
def set_password(request: HttpRequest) -> HttpResponse:
    """Choose the first password; the ticket comes from the link's fragment."""
    form = SetPasswordForm(_posted(request))
    if not answering.is_sent(request, form):
        return _show(request, "set_password", form)
    try:
        user = _set_password(form, form.cleaned_data["ticket"], email=None)
    except ApplicationError as error:
        return _refuse(request, "set_password", form, error)
    request.session[ADDRESS] = user.email
    return _to_sign_in(request, _("Your password is set. Sign in with it."))


def local_target(request: HttpRequest) -> str:
    """Return the path to go to after signing in; never another host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_local = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None
    )
    if is_local:
        return wanted
    return "/admin/" if context.in_control() else "/"


def _code_page(
    request: HttpRequest,
    *,
    template: str,
    cookie: str,
    begin: str,
    send_again: Callable[[str, str, str], str],
) -> HttpResponse:
    email, flow = _address(request), cookies.read(request, cookie)
    client = clients.prefix(request)
    if not email or not flow:
        return redirect(begin)
    if "again" in request.POST:
        return _send_again(request, lambda: send_again(email, flow, client))
    form = CodeForm(_posted(request))
    if not answering.is_sent(request, form):
        return _show(request, template, form, email=email)
    try:
        verified = recovery.verify_code(
            email=email, code=form.cleaned_data["code"], flow=flow, client=client
        )
    except ApplicationError as error:
        return _refuse(request, template, form, error, email=email)
    if verified.verdict is not Verdict.SUCCESS:
        form.add_error("code", missed(verified.verdict, verified.attempts_remaining))
        return _show(request, template, form, status=REFUSED, email=email)
    return _after_code(request, verified.ticket, cookie)


def _after_code(request: HttpRequest, ticket: str | None, cookie: str) -> HttpResponse:
    if ticket:
        return _to_new_password(request, ticket)
    response = _to_sign_in(request, _("Your address is confirmed. Sign in now."))
    cookies.drop(response, cookie)
    return response


def _send_again(request: HttpRequest, send: Callable[[], str]) -> HttpResponse:
    try:
        send()
    except Throttled as error:
        messages.warning(request, answering.words(error))
    else:
        messages.info(
            request,
            _("If a minute has passed since the last code, a new one is on its way."),
        )
    return redirect(request.path)


def missed(verdict: Verdict, left: int | None) -> str:
    if verdict is Verdict.INVALID and left is not None:
        return _("This is not the code. Tries left: %(count)d.") % {"count": left}
    return _(ANSWERS[verdict][2])


def _set_password(form: forms.Form, ticket: str, *, email: str | None) -> User:
    return recovery.change_with_ticket(
        ticket=ticket,
        password=form.cleaned_data["password"],
        password_verify=form.cleaned_data["password_verify"],
        email=email,
    )


def _to_code(
    request: HttpRequest, target: str, cookie: str, flow: str, email: str
) -> HttpResponse:
    request.session[ADDRESS] = email
    response = redirect(target)
    expires_at = clock.now() + limits.DAY
    cookies.write(request, response, cookie, flow, expires_at=expires_at)
    return response


def _to_new_password(request: HttpRequest, ticket: str) -> HttpResponse:
    response = redirect("accounts:new-password")
    expires_at = clock.now() + TICKET_LIFE
    cookies.write(request, response, cookies.TICKET, ticket, expires_at=expires_at)
    cookies.drop(response, cookies.FLOW_RESET)
    cookies.drop(response, cookies.FLOW_REGISTER)
    return response


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


def _to_sign_in(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("accounts:sign-in")


def _address(request: HttpRequest) -> str:
    return str(request.session.get(ADDRESS, ""))


def _refuse_robots(request: HttpRequest) -> None:
    if request.POST.get("company", "").strip():
        limits.hit("request.client", clients.prefix(request))
        raise Blocked


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _show(
    request: HttpRequest,
    template: str,
    form: forms.Form,
    *,
    status: int | None = None,
    **values: Any,
) -> HttpResponse:
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


def _refuse(
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
    response = _show(request, template, form, status=status, **values)
    for name, value in error.headers.items():
        response[name] = value
    return response


def _link_is_dead() -> str:
    return _("This link was used already or has expired. Ask for a new code.")

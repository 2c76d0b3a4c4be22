"""A new password for who forgot it, and the first one by a link."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import clients, cookies, recovery
from accounts.forms import ForgotForm, NewPasswordForm, SetPasswordForm
from accounts.models import User
from accounts.pages import answering, entry, mailed_codes
from kernel.errors import ApplicationError


@entry.page
def forgot(request: HttpRequest) -> HttpResponse:
    """Send a code for a new password, if the address has an account."""
    form = ForgotForm(
        answering.posted(request), initial={"email": entry.address(request)}
    )
    if not answering.is_sent(request, form):
        return entry.show(request, "forgot", form)
    email = form.cleaned_data["email"]
    try:
        entry.refuse_robots(request)
        flow = recovery.request_code(email=email, client=clients.prefix(request))
    except ApplicationError as error:
        return entry.refuse(request, "forgot", form, error)
    return mailed_codes.to_code(
        request, "accounts:reset-code", cookies.FLOW_RESET, flow, email
    )


@entry.page
def reset_code(request: HttpRequest) -> HttpResponse:
    """Take the code of a forgotten password."""
    return mailed_codes.code_page(
        request,
        template="reset_code",
        cookie=cookies.FLOW_RESET,
        begin="accounts:forgot",
        send_again=lambda email, flow, client: recovery.request_code(
            email=email, flow=flow, client=client
        ),
    )


@entry.page
def new_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password with the ticket that the code earned."""
    ticket, email = cookies.read(request, cookies.TICKET), entry.address(request)
    if not ticket:
        return redirect("accounts:forgot")
    form = NewPasswordForm(answering.posted(request))
    if not answering.is_sent(request, form):
        return entry.show(request, "new_password", form, email=email)
    try:
        _set_password(form, ticket, email=email or None)
    except ApplicationError as error:
        return entry.refuse(request, "new_password", form, error, email=email)
    response = entry.to_sign_in(
        request, _("Your password is changed. Sign in with it.")
    )
    cookies.drop(response, cookies.TICKET)
    return response


@entry.page
def set_password(request: HttpRequest) -> HttpResponse:
    """Choose the first password; the ticket comes from the link's fragment."""
    form = SetPasswordForm(answering.posted(request))
    if not answering.is_sent(request, form):
        return entry.show(request, "set_password", form)
    try:
        user = _set_password(form, form.cleaned_data["ticket"], email=None)
    except ApplicationError as error:
        return entry.refuse(request, "set_password", form, error)
    request.session[entry.ADDRESS] = user.email
    return entry.to_sign_in(request, _("Your password is set. Sign in with it."))


def _set_password(form: forms.Form, ticket: str, *, email: str | None) -> User:
    return recovery.change_with_ticket(
        ticket=ticket,
        password=form.cleaned_data["password"],
        password_verify=form.cleaned_data["password_verify"],
        email=email,
    )

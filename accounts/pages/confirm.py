"""Prove again who is there, where a page asks for a fresh proof."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import clients, factors, sign_in
from accounts.errors import ReauthenticationRequired, Throttled
from accounts.forms import CodeForm, CurrentPasswordForm
from accounts.pages import answering
from accounts.pages.answering import REFUSED
from accounts.pages.entry import local_target
from accounts.pages.settings import page
from accounts.signed_in import person

View = Callable[..., HttpResponse]


def recent(view: View) -> View:
    """Ask for a fresh proof before a page that needs one, and lead back to it.

    What was sent is not carried over: it is sent again from the page of the security.
    """

    @wraps(view)
    def proved(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            sign_in.require_recent(request)
        except ReauthenticationRequired:
            is_read = request.method in {"GET", "HEAD"}
            return ask(request.path if is_read else reverse("accounts:security"))
        return view(request, *args, **kwargs)

    return proved


def ask(back: str) -> HttpResponse:
    """Lead to the page that takes a fresh proof, and from there to a path of ours."""
    return redirect(f"{reverse('accounts:confirm')}?{urlencode({'next': back})}")


@page()
def confirm(request: HttpRequest) -> HttpResponse:
    """Take the password or a code, and lead on."""
    target, has_factor = local_target(request), factors.is_enrolled(person(request))
    by_code = has_factor and "code" in request.GET
    kind: type[Form] = CodeForm if by_code else CurrentPasswordForm
    form = kind(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        refused = _prove(request, form)
        if refused is None:
            messages.success(request, _("Thank you. You can go on now."))
            return redirect(target)
        form.add_error("code" if by_code else "current_password", _said(refused))
    values = {
        "form": form,
        "next": target,
        "by_code": by_code,
        "has_factor": has_factor,
    }
    status = REFUSED if form.errors else 200
    return render(request, "accounts/confirm.html", values, status=status)


def _said(refused: ReauthenticationRequired | Throttled) -> str:
    is_wrong = isinstance(refused, ReauthenticationRequired)
    return _(refused.detail) if is_wrong else answering.words(refused)


def _prove(
    request: HttpRequest, form: Form
) -> ReauthenticationRequired | Throttled | None:
    try:
        sign_in.reauthenticate(
            request,
            password=form.cleaned_data.get("current_password", ""),
            code=form.cleaned_data.get("code", ""),
            client=clients.prefix(request),
        )
    except (ReauthenticationRequired, Throttled) as error:
        return error
    return None

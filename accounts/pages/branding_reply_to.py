"""Addresses for answers: ask for a code, type it, and the address is used."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import addresses, clients, cookies
from accounts.branding import reply_to
from accounts.challenges import TICKET_LIFE
from accounts.forms import CodeForm
from accounts.pages import branding
from accounts.pages.answering import REFUSED
from accounts.pages.branding import PERMISSION, VIA
from accounts.pages.branding_forms import AddressForm
from accounts.pages.settings import page, show
from accounts.signed_in import person
from kernel import clock
from kernel.errors import ApplicationError

FLOW = "flow_reply_to"
ADDRESS = "accounts_reply_to"


@page(PERMISSION)
def ask(request: HttpRequest) -> HttpResponse:
    """Mail a code to the typed address."""
    if request.method != "POST":
        return redirect("accounts:branding")
    form = AddressForm(request.POST, auto_id="answers_%s")
    if not form.is_valid():
        return branding.shown_with(request, "address", form)
    address = form.cleaned_data["email"].strip()
    try:
        flow = reply_to.ask(
            address,
            by=person(request),
            flow=cookies.read(request, FLOW),
            client=clients.prefix(request),
        )
    except ApplicationError as error:
        form.add_error("email", error.detail)
        return branding.shown_with(request, "address", form)
    request.session[ADDRESS] = address
    response = redirect("accounts:branding-reply-to-code")
    expires_at = clock.now() + TICKET_LIFE
    cookies.write(request, response, FLOW, flow, expires_at=expires_at)
    return response


@page(PERMISSION)
def code(request: HttpRequest) -> HttpResponse:
    """Take the code and use the address."""
    address = request.session.get(ADDRESS)
    if not address:
        return redirect("accounts:branding")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, form, address)
    try:
        reply_to.confirm(
            address,
            form.cleaned_data["code"],
            flow=cookies.read(request, FLOW),
            by=person(request),
            via=VIA,
        )
    except ApplicationError as error:
        form.add_error("code", error.detail)
        return _show(request, form, address)
    del request.session[ADDRESS]
    messages.success(request, _("Answers to mails now go there as well."))
    response = redirect("accounts:branding")
    cookies.drop(response, FLOW)
    return response


def _show(request: HttpRequest, form: Any, address: str) -> HttpResponse:
    return show(
        request,
        "branding_code",
        status=REFUSED if form.errors else 200,
        heading=_("Confirm the address for answers"),
        lead=_("The code was sent to %(address)s.")
        % {"address": addresses.mask(address)},
        form=form,
        address=address,
    )

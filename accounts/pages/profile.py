"""The pages of the own account: names and language, another address, the end."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import (
    clients,
    cookies,
    email_change,
    lifecycle,
    limits,
    page_sessions,
    profile,
    proof,
    recovery,
)
from accounts.challenges import Verdict
from accounts.forms import CodeForm
from accounts.models import User
from accounts.pages import answering, settings
from accounts.pages.mailed_codes import missed
from accounts.people_forms import AddressForm, DeleteForm, ProfileForm
from accounts.signed_in import person as signed_in
from kernel import clock
from kernel.errors import ApplicationError

#: Where the session keeps the address that waits for its code.
NEW_ADDRESS = "accounts_new_address"


@settings.page()
def own(request: HttpRequest) -> HttpResponse:
    """Show the own account; change it, ask for another address, or delete it."""
    person = signed_in(request)
    names = ProfileForm(answering.posted(request, "names"), initial=_initial(person))
    address = AddressForm(answering.posted(request, "address"))
    end = DeleteForm(answering.posted(request, "delete"))
    forms = {"names": names, "address": address, "delete": end}
    form = forms.get(request.POST.get("action", ""))
    if form is not None and form.is_valid():
        try:
            return DONE[request.POST["action"]](request, person, form.cleaned_data)
        except ApplicationError as error:
            answering.add_error(form, error)
    needs_password = not proof.is_recent(request)
    return settings.show(
        request,
        "profile",
        status=answering.status_of(*forms.values()),
        heading=_("Profile"),
        lead=_("How you appear to others, and how mails reach you."),
        found=person,
        names=names,
        address=address,
        end=end,
        needs_password=needs_password,
    )


@settings.page()
def new_address(request: HttpRequest) -> HttpResponse:
    """Take the code that was sent to the new address."""
    email = str(request.session.get(NEW_ADDRESS, ""))
    flow = cookies.read(request, cookies.FLOW_EMAIL)
    if not email or not flow:
        return redirect("accounts:profile")
    form = CodeForm(answering.posted(request))
    if answering.is_sent(request, form):
        try:
            verified = recovery.verify_code(
                email=email,
                code=form.cleaned_data["code"],
                flow=flow,
                client=clients.prefix(request),
            )
        except ApplicationError as error:
            answering.add_error(form, error)
        else:
            if verified.verdict is Verdict.SUCCESS:
                return _moved(request, email)
            form.add_error(
                "code", missed(verified.verdict, verified.attempts_remaining)
            )
    return settings.show(
        request,
        "new_address",
        status=answering.status_of(form),
        heading=_("Confirm your new address"),
        lead=_("We sent a code to %(address)s.") % {"address": email},
        form=form,
    )


def _moved(request: HttpRequest, email: str) -> HttpResponse:
    request.session.pop(NEW_ADDRESS, None)
    messages.success(
        request, _("Your address is now %(address)s.") % {"address": email}
    )
    response = redirect("accounts:profile")
    cookies.drop(response, cookies.FLOW_EMAIL)
    return response


def _write(request: HttpRequest, person: User, values: dict[str, str]) -> HttpResponse:
    profile.change(person, **values, via="session")
    messages.success(request, _("Your profile is saved."))
    return redirect("accounts:profile")


def _ask(request: HttpRequest, person: User, values: dict[str, str]) -> HttpResponse:
    proof.require(request, values["current_password"])
    email = values["email"].strip()
    if not email_change.is_other(person, email):
        messages.info(request, _("This is your address already."))
        return redirect("accounts:profile")
    flow = email_change.request(
        person, email, by=person, client=clients.prefix(request), via="session"
    )
    request.session[NEW_ADDRESS] = email
    response = redirect("accounts:new-address")
    cookies.write(
        request,
        response,
        cookies.FLOW_EMAIL,
        flow,
        expires_at=clock.now() + limits.HOUR,
    )
    return response


def _delete(request: HttpRequest, person: User, values: dict[str, str]) -> HttpResponse:
    profile.require_confirmed(person, values["confirmed"])
    proof.require(request, values["current_password"])
    lifecycle.anonymise(person, by=person, via="session")
    page_sessions.end(request)
    messages.success(request, _("Your account is deleted."))
    return redirect("accounts:sign-in")


DONE = {"names": _write, "address": _ask, "delete": _delete}


def _initial(person: User) -> dict[str, str]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language": person.language,
        "time_zone": person.time_zone,
    }

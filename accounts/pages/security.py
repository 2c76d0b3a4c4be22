"""The own password, authenticators and recovery codes."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import factors, known_devices, page_sessions, qr, recovery, sessions
from accounts.errors import (
    FactorCodeInvalid,
    FactorExists,
    FactorMissing,
    PasswordMismatch,
    PasswordRefused,
    ReauthenticationRequired,
    Throttled,
)
from accounts.forms import AuthenticatorForm, ChangePasswordForm
from accounts.models import SecurityEvent, User
from accounts.pages import answering, proving
from accounts.pages.answering import REFUSED
from accounts.pages.settings import page, show
from accounts.signed_in import person
from kernel.errors import ApplicationError

VIA = SecurityEvent.Via.SESSION
FACTORS = "mfa.manage_own"
HERE = "accounts:security"


@page()
def security(request: HttpRequest) -> HttpResponse:
    """Show what guards the account; take a new password."""
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        refused = _change_password(request, form)
        if refused is None:
            messages.success(
                request,
                _("Your password is changed. Your other devices are signed out."),
            )
            return _kept(request, redirect(HERE))
        _tell(form, refused)
    user, needs_password = person(request), proving.is_needed(request)
    return show(
        request,
        "security",
        status=REFUSED if form.errors else 200,
        heading=_("Security"),
        lead=_("What guards your account here."),
        form=form,
        authenticators=_authenticators(user),
        codes_left=factors.recovery_codes_left(user),
        codes_made=factors.RECOVERY_CODES,
        needs_password=needs_password,
        dialog_body=proving.FIELD if needs_password else "",
        must_set_up=sessions.needs_factor(sessions.here(request)),
    )


@page(FACTORS)
@proving.asked_on(HERE)
def authenticator(request: HttpRequest) -> HttpResponse:
    """Show a new secret as a QR code, and take its first code."""
    user = person(request)
    if "begin" in request.POST:
        return _begin(request, user)
    waiting = factors.waiting(user)
    if waiting is None:
        return redirect(HERE)
    form = AuthenticatorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = factors.confirm(
                user,
                waiting.device.pk,
                form.cleaned_data["code"],
                keep=sessions.here(request).pk,
                via=VIA,
            )
        except FactorCodeInvalid as error:
            form.add_error("code", _(error.detail))
        else:
            return _added(request, made)
    return show(
        request,
        "authenticator",
        status=REFUSED if form.errors else 200,
        heading=_("Set up an authenticator"),
        lead=_("Signing in then takes your password and a code from your phone."),
        form=form,
        qr=qr.svg(waiting.uri),
        secret=" ".join(waiting.secret[i : i + 4] for i in range(0, 32, 4)),
    )


@require_POST
@page(FACTORS)
@proving.asked_on(HERE)
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make a new set of recovery codes and show it, this once."""
    try:
        made = factors.renew_recovery_codes(
            person(request), keep=sessions.here(request).pk, via=VIA
        )
    except FactorMissing:
        return redirect(HERE)
    return _show_codes(request, made)


@require_POST
@page(FACTORS)
@proving.asked_on(HERE)
def remove_authenticator(request: HttpRequest, device_id: int) -> HttpResponse:
    """Take an authenticator away."""
    factors.remove(person(request), device_id, keep=sessions.here(request).pk, via=VIA)
    messages.success(request, _("The authenticator is removed."))
    return _kept(request, redirect(HERE))


def _authenticators(user: User) -> list[dict[str, object]]:
    """Return each with the dialog that removes it, which says what that means."""
    found = list(factors.confirmed(user))
    last = _("Signing in then takes your password alone. Your recovery codes go too.")
    another = _("Your other authenticators go on working.")
    return [
        {
            "row": one,
            "dialog": f"remove-{one.pk}",
            "means": another if len(found) > 1 else last,
        }
        for one in found
    ]


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    try:
        factors.enrol(user, name=_("Authenticator app"))
    except FactorExists as error:
        messages.warning(request, _(error.detail))
        return redirect(HERE)
    return redirect("accounts:authenticator")


def _added(request: HttpRequest, made: Sequence[str]) -> HttpResponse:
    if made:
        return _show_codes(request, made)
    messages.success(request, _("The authenticator is added."))
    return _kept(request, redirect(HERE))


def _show_codes(request: HttpRequest, made: Sequence[str]) -> HttpResponse:
    shown = show(
        request,
        "recovery_codes",
        heading=_("Save your recovery codes"),
        lead=_("They let you in when you cannot use your authenticator app."),
        codes=made,
        codes_text="\n".join(made),
    )
    return _kept(request, shown)


def _change_password(
    request: HttpRequest, form: ChangePasswordForm
) -> ApplicationError | None:
    user = person(request)
    try:
        recovery.change_own(
            user,
            email=user.email,
            password=form.cleaned_data["password"],
            password_verify=form.cleaned_data["password_verify"],
            current_password=form.cleaned_data["current_password"],
            keep=sessions.here(request).pk,
            via=VIA,
        )
    except (
        PasswordMismatch,
        PasswordRefused,
        ReauthenticationRequired,
        Throttled,
    ) as error:
        return error
    return None


def _tell(form: ChangePasswordForm, error: ApplicationError) -> None:
    is_wrong = isinstance(error, ReauthenticationRequired)
    wrong = _("This is not your current password.")
    text = wrong if is_wrong else answering.words(error)
    form.add_error(answering.field_of(form, error), text)


def _kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Carry this browser over to the new token version, and go on knowing it."""
    user = person(request)
    user.refresh_from_db()
    page_sessions.keep(request, user)
    known_devices.remember(request, response, user)
    return response

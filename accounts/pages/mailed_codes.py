"""The page that takes a code from a mail, for a registration and for a recovery."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import clients, cookies, limits, recovery
from accounts.challenges import Verdict
from accounts.errors import Throttled
from accounts.forms import CodeForm
from accounts.pages import answering, entry
from accounts.pages.answering import REFUSED
from accounts.services.auth_flow import ANSWERS
from kernel import clock
from kernel.errors import ApplicationError


def to_code(
    request: HttpRequest, target: str, cookie: str, flow: str, email: str
) -> HttpResponse:
    """Lead to the page for the code, with what binds it to this browser."""
    request.session[entry.ADDRESS] = email
    response = redirect(target)
    expires_at = clock.now() + limits.DAY
    cookies.write(request, response, cookie, flow, expires_at=expires_at)
    return response


def code_page(
    request: HttpRequest,
    *,
    template: str,
    cookie: str,
    begin: str,
    send_again: Callable[[str, str, str], str],
) -> HttpResponse:
    """Take a code, or send another one; then lead on, or back to where it begins."""
    email, flow = entry.address(request), cookies.read(request, cookie)
    client = clients.prefix(request)
    if not email or not flow:
        return redirect(begin)
    if "again" in request.POST:
        return _send_again(request, lambda: send_again(email, flow, client))
    form = CodeForm(answering.posted(request))
    if not answering.is_sent(request, form):
        return entry.show(request, template, form, email=email)
    try:
        verified = recovery.verify_code(
            email=email, code=form.cleaned_data["code"], flow=flow, client=client
        )
    except ApplicationError as error:
        return entry.refuse(request, template, form, error, email=email)
    if verified.verdict is not Verdict.SUCCESS:
        form.add_error("code", missed(verified.verdict, verified.attempts_remaining))
        return entry.show(request, template, form, status=REFUSED, email=email)
    return _after_code(request, verified.ticket, cookie)


def missed(verdict: Verdict, left: int | None) -> str:
    """Return what a code was that did not fit, and how many tries are left."""
    if verdict is Verdict.INVALID and left is not None:
        return _("This is not the code. Tries left: %(count)d.") % {"count": left}
    return _(ANSWERS[verdict][2])


def _after_code(request: HttpRequest, ticket: str | None, cookie: str) -> HttpResponse:
    if ticket:
        return entry.to_new_password(request, ticket)
    response = entry.to_sign_in(request, _("Your address is confirmed. Sign in now."))
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

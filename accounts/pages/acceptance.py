"""The page of an invitation: who invites whom as what, and the way in.

The secret stands in the link's fragment; a script sends it once, and from then on it
travels in an HttpOnly cookie, also through a sign-in.
"""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import accepting, clients, cookies, page_sessions
from accounts.errors import InvitationDead, SignInToAccept
from accounts.models import Invitation, User
from accounts.pages import answering
from accounts.pages.entry import ADDRESS, page
from accounts.people_forms import ROLE_WORDS, AcceptForm, LinkForm
from kernel import clock
from kernel.errors import ApplicationError

#: How long somebody may think about it before the link is asked for again.
KEPT = timedelta(hours=1)
PATH = "/accounts/invitation"


@page
def invitation(request: HttpRequest) -> HttpResponse:
    """Show the invitation of the link, and let its person in."""
    if request.method == "POST" and "token" in request.POST:
        return _keep(request)
    token = cookies.read(request, cookies.INVITATION)
    if not token:
        return _ask_for_token(request)
    try:
        found = accepting.look(token, client=clients.prefix(request))
        if request.method == "POST" and "leave" in request.POST:
            return _leave(request)
        return _answer(request, found, token)
    except InvitationDead as error:
        return _ask_for_token(request, error)


def _keep(request: HttpRequest) -> HttpResponse:
    """Put the secret of the link into a cookie, and show what it opens."""
    form = LinkForm(request.POST)
    token = form.cleaned_data["token"] if form.is_valid() else ""
    try:
        accepting.look(token, client=clients.prefix(request))
    except ApplicationError as error:
        return _ask_for_token(request, error)
    response = redirect("accounts:invitation")
    expires_at = clock.now() + KEPT
    cookies.write(request, response, cookies.INVITATION, token, expires_at=expires_at)
    return response


def _leave(request: HttpRequest) -> HttpResponse:
    """Sign out and stay here, so that the right person can sign in."""
    page_sessions.end(request)
    return redirect("accounts:invitation")


def _answer(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    account = accepting.account_of(found)
    person = request.user if isinstance(request.user, User) else None
    is_own = person is not None and person.email_norm == found.email_norm
    sent = request.POST if request.method == "POST" else None
    form = AcceptForm(sent)
    if sent is None or (account is None and not form.is_valid()):
        return _show(request, found, form, account=account, is_own=is_own)
    if account is not None and not is_own:
        # Also where somebody else is signed in: nothing happens without the right one.
        return _show(request, found, AcceptForm(), account=account, is_own=False)
    values = form.cleaned_data if account is None else {}
    try:
        user = accepting.accept(
            token,
            first_name=values.get("first_name", ""),
            last_name=values.get("last_name", ""),
            password=values.get("password", ""),
            by=person if account is not None else None,
            client=clients.prefix(request),
        )
    except (InvitationDead, SignInToAccept):
        raise
    except ApplicationError as error:
        answering.add_error(form, error)
        return _show(request, found, form, account=account, is_own=is_own)
    return _done(request, user, was_there=account is not None)


def _done(request: HttpRequest, user: User, *, was_there: bool) -> HttpResponse:
    if was_there:
        # A new role ends every sign-in, this one too.
        page_sessions.end(request)
        messages.success(request, _("You have accepted. Sign in again to go on."))
    else:
        messages.success(request, _("Welcome. Sign in with your new password."))
    request.session[ADDRESS] = user.email
    response = redirect("accounts:sign-in")
    cookies.drop(response, cookies.INVITATION)
    return response


def _show(
    request: HttpRequest,
    found: Invitation,
    form: AcceptForm,
    *,
    account: User | None,
    is_own: bool,
) -> HttpResponse:
    inviter = found.invited_by
    return _rendered(
        request,
        status=answering.status_of(form),
        invitation=found,
        inviter=inviter.display_name if inviter else "",
        inviter_address=inviter.email if inviter else "",
        role=ROLE_WORDS[User.Role(found.role)],
        form=form,
        has_account=account is not None,
        is_own=is_own,
        is_other=not is_own and request.user.is_authenticated,
        sign_in_url=f"/accounts/sign-in?next={PATH}",
    )


def _ask_for_token(
    request: HttpRequest, error: ApplicationError | None = None
) -> HttpResponse:
    """Show the page that reads the link, with what was wrong with the last one."""
    response = _rendered(
        request,
        status=error.status if error else 200,
        token_form=LinkForm(),
        problem=answering.words(error) if error else "",
    )
    if error is not None:
        cookies.drop(response, cookies.INVITATION)
        for name, value in error.headers.items():
            response[name] = value
    return response


def _rendered(request: HttpRequest, *, status: int, **values: object) -> HttpResponse:
    response = render(request, "accounts/invitation.html", values, status=status)
    response["Referrer-Policy"] = "same-origin"
    return response

"""The pages of invitations: who was asked to come in, and a new one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import invitations
from accounts.models import Invitation, User
from accounts.pages import answering, proving, settings
from accounts.people_forms import ROLE_WORDS, InviteForm
from accounts.signed_in import person as signed_in
from kernel import pagination
from kernel.errors import ApplicationError
from kernel.numbers import LARGEST_ID, whole

PAGE = 25


@settings.page("invitations.manage")
def pending(request: HttpRequest) -> HttpResponse:
    """Show the invitations that wait for an answer; send one again, or withdraw it."""
    if request.method == "POST":
        return _act(request)
    page = pagination.newest(
        invitations.pending(), before=pagination.before_of(request), size=PAGE
    )
    names = (_("Address"), _("Role"), _("Status"), _("Sent"), _("Actions"))
    return settings.show(
        request,
        "invitations",
        heading=_("Invitations"),
        lead=_("Who was asked to come in and has not answered yet."),
        columns=[{"label": name} for name in names],
        rows=[_row(one, is_asked=proving.is_needed(request)) for one in page],
        password=proving.FIELD,
        page=page,
    )


@settings.page("invitations.manage")
def new(request: HttpRequest) -> HttpResponse:
    """Ask somebody to come in, by a mail with a link."""
    by = signed_in(request)
    form = InviteForm(answering.posted(request), by=by, initial={"role": "member"})
    if answering.is_sent(request, form):
        values = form.cleaned_data
        try:
            proving.require_for_roles(request, values["role"])
            made = invitations.invite(
                email=values["email"],
                role=values["role"],
                groups=values.get("groups", ()),
                language=values["language"],
                by=by,
                via="session",
            )
        except ApplicationError as error:
            answering.add_error(form, error)
        else:
            text = _("The invitation is on its way to %(address)s.")
            messages.success(request, text % {"address": made.email})
            return redirect("accounts:invitations")
    return settings.show(
        request,
        "invitation_new",
        status=answering.status_of(form),
        heading=_("Invite somebody"),
        lead=_("They get a link by mail, and choose their name and password."),
        form=form,
        needs_password=proving.is_needed(request),
    )


def _act(request: HttpRequest) -> HttpResponse:
    by, key = signed_in(request), _key(request)
    try:
        if "resend" in request.POST:
            # Who sends it again lets the person in from now on, with its role.
            proving.require_for_roles(request, invitations.role_of(key))
            invitations.resend(key, by=by, via="session")
            messages.success(request, _("A new link is on its way."))
        elif "revoke" in request.POST:
            invitations.revoke(key, by=by, via="session")
            messages.success(request, _("The invitation is withdrawn."))
        else:
            raise Http404
    except ApplicationError as error:
        messages.error(request, answering.words(error))
    return redirect("accounts:invitations")


def _key(request: HttpRequest) -> int:
    sent = request.POST.get("resend") or request.POST.get("revoke") or ""
    return min(whole(sent) or 0, LARGEST_ID)


def _row(one: Invitation, *, is_asked: bool) -> dict[str, Any]:
    is_usable = invitations.is_usable(one)
    is_special = one.role != User.Role.MEMBER
    return {
        "invitation": one,
        "role": ROLE_WORDS[User.Role(one.role)],
        "is_special": is_special,
        "dialog": f"resend-{one.pk}" if is_special and is_asked else "",
        "status": "queued" if is_usable else "expired",
        "status_label": _("Waits for an answer") if is_usable else _("Expired"),
    }

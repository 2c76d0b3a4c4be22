"""The page of one person: what is known, the rights, and the ends of an account."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import details, factors, grouping, hiring, lifecycle, roles
from accounts.models import User
from accounts.pages import answering, proving, settings
from accounts.pages.standing import row, status_of
from accounts.people_forms import RightsForm
from accounts.permissions import RESERVED_GROUPS, rank
from accounts.signed_in import person as signed_in
from kernel.errors import ApplicationError
from kernel.numbers import LARGEST_ID

OWNERS = frozenset({User.Role.OWNER})
EVERYBODY = frozenset(User.Role)
#: Who has more than a member's rights; to let them in again is to give these.
ADMINISTRATORS = EVERYBODY - {User.Role.MEMBER}


@dataclass(frozen=True)
class Action:
    """What a button does to an account, and what is said then."""

    carry_out: Callable[..., None]
    words: Promise
    #: Of whom it is done after a fresh proof only: nobody can take it back.
    guarded: frozenset[str] = EVERYBODY


ACTIONS = {
    "deactivate": Action(
        lifecycle.deactivate,
        _("%(name)s is signed out everywhere and cannot come in any more."),
        guarded=OWNERS,
    ),
    "reactivate": Action(
        lifecycle.reactivate, _("%(name)s can come in again."), guarded=ADMINISTRATORS
    ),
    "setup": Action(
        hiring.resend_setup,
        _("A new link is on its way to %(name)s."),
        guarded=frozenset(),
    ),
    "factor": Action(
        factors.reset_for,
        _("%(name)s signs in without a second factor until there is a new one."),
    ),
    "delete": Action(
        lifecycle.anonymise,
        _("The account is deleted; what it did stays, without the name."),
    ),
}
SAVED: Promise = _("The rights of %(name)s are saved.")


@settings.page("users.view")
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show one person; change rights, or take one of the actions."""
    found = _found(user_id)
    by = signed_in(request)
    form = _rights_form(request, found, by)
    if request.method == "POST":
        return _act(request, found, form, by=by)
    return _show(request, found, form, by=by)


def _act(
    request: HttpRequest, found: User, form: RightsForm | None, *, by: User
) -> HttpResponse:
    """Do what the pressed button says, and come back."""
    name = request.POST.get("action", "")
    told = {"name": found.display_name}
    try:
        if name == "rights" and form is not None:
            if not form.is_valid():
                return _show(request, found, form, by=by)
            _set_rights(request, found, form, by=by)
            words: Promise = SAVED
        elif name in ACTIONS and found.pk != by.pk:
            if found.role in ACTIONS[name].guarded:
                proving.require(request)
            ACTIONS[name].carry_out(found, by=by, via="session")
            words = ACTIONS[name].words
        else:
            raise Http404
    except ApplicationError as error:
        messages.error(request, answering.words(error))
    else:
        messages.success(request, str(words) % told)
    return redirect("accounts:person", user_id=found.pk)


def _set_rights(
    request: HttpRequest, found: User, form: RightsForm, *, by: User
) -> None:
    role = form.cleaned_data.get("role") or found.role
    chosen = set(form.cleaned_data.get("groups", ()))
    if role != found.role:
        proving.require_for_roles(request, role, found.role)
    with transaction.atomic():
        roles.lock_owners()
        roles.require_may_manage(found, by=roles.now(by))
        roles.set_role(found, role, by=by, via="session")
        wanted = {name: name in chosen for name in _offered(form)}
        grouping.change(found, wanted, by=by, via="session")


def _show(
    request: HttpRequest, found: User, form: RightsForm | None, *, by: User
) -> HttpResponse:
    needs_password = proving.is_needed(request)
    may_end = _may_manage(found, by) and found.pk != by.pk
    facts = row(details.told(User.objects.filter(pk=found.pk)).get())
    return settings.show(
        request,
        "person",
        status=answering.status_of(form) if form else 200,
        heading=found.display_name,
        found=found,
        facts=facts,
        form=form,
        may_end=may_end and status_of(found) != "deleted",
        may_reset_factor=may_end and facts["has_factor"],
        is_waiting=hiring.is_waiting(found),
        needs_password=needs_password,
        bodies={
            name: proving.FIELD
            for name, action in ACTIONS.items()
            if needs_password and found.role in action.guarded
        },
        events_url=_events_url(found, by),
    )


def _events_url(found: User, by: User) -> str:
    if not by.may("events.view"):
        return ""
    return f"{reverse('accounts:events')}?person={found.pk}"


def _rights_form(request: HttpRequest, found: User, by: User) -> RightsForm | None:
    if not _may_manage(found, by) or status_of(found) == "deleted":
        return None
    held = found.groups.exclude(name__in=RESERVED_GROUPS)
    names = list(held.values_list("name", flat=True))
    form = RightsForm(
        answering.posted(request, "rights"),
        by=by,
        initial={"role": found.role, "groups": names},
    )
    if found.pk == by.pk:
        del form.fields["role"]  # nobody changes the own role
    return form


def _offered(form: RightsForm) -> list[str]:
    field: Any = form.fields.get("groups")
    return [name for name, _label in field.choices] if field else []


def _may_manage(found: User, by: User) -> bool:
    return by.may("users.manage") and rank(found.role) <= rank(by.role)


def _found(user_id: int) -> User:
    people: QuerySet[User] = User.objects.people()
    found = people.filter(pk=min(user_id, LARGEST_ID)).first()
    if found is None:
        raise Http404
    return found

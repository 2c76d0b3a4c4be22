"""The pages of the people here: the list, and a new one."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import details, hiring, listing
from accounts.pages import answering, proving, settings
from accounts.pages.standing import STATUSES, row
from accounts.people_forms import PersonForm
from accounts.signed_in import person as signed_in
from kernel.errors import ApplicationError
from kernel.text import storable

PAGE = 25
LONGEST_SEARCH = 200
SHOWN: dict[str, Q] = {
    "active": Q(is_active=True),
    "waiting": Q(is_active=False, deactivated_at__isnull=True),
    "deactivated": Q(deactivated_at__isnull=False),
}


@settings.page("users.view")
def people(request: HttpRequest) -> HttpResponse:
    """Show the people: those a search finds, of one status, or all."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    status = request.GET.get("show", "")
    status = status if status in SHOWN else ""
    found = listing.people().filter(anonymised_at__isnull=True)
    if status:
        found = found.filter(SHOWN[status])
    if search:
        found = found.filter(_matches(search))
    page = Paginator(details.told(found), PAGE).get_page(request.GET.get("page"))
    names = (_("Person"), _("Role"), _("Status"), _("Last sign-in"))
    return settings.show(
        request,
        "people",
        heading=_("People"),
        lead=_("Who works here, and what each may do."),
        columns=[{"label": name} for name in names],
        rows=[row(one) for one in page],
        page=page,
        search=search,
        shown=status,
        options=_options(status, search),
        may_create=signed_in(request).may("users.create"),
    )


@settings.page("users.create")
def new(request: HttpRequest) -> HttpResponse:
    """Make an account, and mail its person the link that sets a password."""
    by = signed_in(request)
    form = PersonForm(answering.posted(request), by=by, initial={"role": "member"})
    if answering.is_sent(request, form):
        values = form.cleaned_data
        try:
            proving.require_for_roles(request, values["role"])
            made = hiring.hire(
                email=values["email"],
                first_name=values["first_name"],
                last_name=values["last_name"],
                role=values["role"],
                groups=dict.fromkeys(values.get("groups", ()), True),
                by=by,
                via="session",
            )
        except ApplicationError as error:
            answering.add_error(form, error)
        else:
            text = _("%(name)s gets a mail with a link to set a password.")
            messages.success(request, text % {"name": made.display_name})
            return redirect("accounts:people")
    return settings.show(
        request,
        "person_new",
        status=answering.status_of(form),
        heading=_("Add a person"),
        lead=_("They get a mail with a link to set their password."),
        form=form,
        needs_password=proving.is_needed(request),
    )


def _matches(search: str) -> Q:
    """Return who has each word in the name, the user name or the address."""
    found = Q()
    for word in search.split():
        if not storable(word):
            return Q(pk=None)
        found &= (
            Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(username_norm__icontains=word)
            | Q(email_norm__icontains=word)
        )
    return found


def _options(status: str, search: str) -> list[dict[str, Any]]:
    """Return the options of `partials/segmented.html`."""
    every = [("", _("All")), *((name, STATUSES[name][0]) for name in SHOWN)]
    return [
        {"label": label, "url": _url(name, search), "active": name == status}
        for name, label in every
    ]


def _url(status: str, search: str) -> str:
    return answering.query({"show": status, "q": search})

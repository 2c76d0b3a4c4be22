"""The workspace's own domains: add one, see its record, check it, choose, remove."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clients, custom_domains
from accounts.custom_domains import Actor
from accounts.errors import ReauthenticationRequired, Throttled
from accounts.forms import StorableCharField
from accounts.models import SecurityEvent
from accounts.pages import answering, proving
from accounts.pages.settings import page, show
from accounts.people_forms import current_password_field
from accounts.signed_in import person
from kernel.errors import ApplicationError
from kernel.inputs import exact
from tenants import hosts
from tenants.context import current_tenant
from tenants.domains import Outcome, edge

WORDS: Final = {
    Outcome.MISSING: gettext_lazy(
        "The record was not found. New records can take an hour to be seen."
    ),
    Outcome.DIFFERING: gettext_lazy(
        "Two resolvers said different things. Wait a little and check again."
    ),
    Outcome.UNREACHABLE: gettext_lazy(
        "The DNS did not answer. Check again in a few minutes."
    ),
}


class AddForm(forms.Form):
    """A name to claim; what a name may be is said by the rules."""

    domain = StorableCharField(
        label=gettext_lazy("Domain"),
        max_length=1000,
        widget=exact(inputmode="url", placeholder="desk.example.com"),
    )
    current_password = current_password_field()


@page(custom_domains.MANAGE)
def index(request: HttpRequest) -> HttpResponse:
    """Show the names; take what is to be done with one."""
    if request.method != "POST":
        return _show(request)
    for word, act in ACTS.items():
        if word in request.POST:
            return act(request, request.POST[word])
    return _add(request)


def _add(request: HttpRequest) -> HttpResponse:
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            proving.require(request)
            added = custom_domains.add(
                form.cleaned_data["domain"], actor=_actor(request)
            )
        except (ReauthenticationRequired, Throttled) as error:
            answering.add_error(form, error)
        except ApplicationError as error:
            form.add_error("domain", _(error.detail))
        else:
            messages.success(
                request, _("Now set the record of %(name)s.") % {"name": added.domain}
            )
            return redirect("accounts:domains")
    return _show(request, form)


def _check(request: HttpRequest, name: str) -> HttpResponse:
    try:
        checked = custom_domains.check(name, actor=_actor(request))
    except ApplicationError as error:
        messages.error(request, answering.words(error))
        return redirect("accounts:domains")
    if not checked.is_found:
        messages.error(request, WORDS[checked.outcome])
    else:
        messages.success(request, _("%(name)s is verified.") % {"name": name})
    if checked.leads_here is False:
        words = _("%(name)s does not lead to %(edge)s yet, or not with all addresses.")
        messages.warning(request, words % {"name": name, "edge": edge.shown()})
    return redirect("accounts:domains")


def _make_primary(request: HttpRequest, name: str) -> HttpResponse:
    return _changed(
        request, lambda: custom_domains.make_primary(name, actor=_actor(request))
    )


def _remove(request: HttpRequest, name: str) -> HttpResponse:
    return _changed(request, lambda: custom_domains.remove(name, actor=_actor(request)))


#: By the name of the button; its value is the domain.
ACTS: Final[dict[str, Callable[[HttpRequest, str], HttpResponse]]] = {
    "check": _check,
    "primary": _make_primary,
    "remove": _remove,
}


def _changed(request: HttpRequest, act: Callable[[], object]) -> HttpResponse:
    """Do it after a proof; where pages move to another name, say where and stay here.

    A browser follows no redirect of a form to another host, since the policy of our
    pages keeps forms to this one.
    """
    try:
        proving.require(request)
        act()
    except ApplicationError as error:
        messages.error(request, answering.words(error))
        return redirect("accounts:domains")
    primary = custom_domains.primary_now()
    if primary == current_tenant().primary_domain:
        messages.success(request, _("Saved."))
        return redirect("accounts:domains")
    return show(
        request,
        "domain_moved",
        heading=_("Domains"),
        lead=_("This workspace is read at another address from now on."),
        primary=primary,
        address=f"{hosts.origin(primary)}/",
    )


def _actor(request: HttpRequest) -> Actor:
    via = SecurityEvent.Via.SESSION
    return Actor(person(request), via, clients.prefix(request))


def _show(request: HttpRequest, form: AddForm | None = None) -> HttpResponse:
    needs_password = proving.is_needed(request)
    return show(
        request,
        "domains",
        status=answering.status_of(form) if form else 200,
        heading=_("Domains"),
        lead=_("The names under which people reach this workspace."),
        form=form or AddForm(),
        needs_password=needs_password,
        password=proving.FIELD if needs_password else "",
        domains=[_facts(one) for one in custom_domains.listing()],
    )


def _facts(one: custom_domains.CustomDomain) -> dict[str, Any]:
    """Return a name with the words of its dialogs."""
    names = {"name": one.domain}
    return {
        "it": one,
        "choose_title": _("Make %(name)s the primary domain?") % names,
        "choose_text": _(
            "All links and pages lead to %(name)s then, and everybody signs in there"
            " anew."
        )
        % names,
        "remove_title": _("Remove %(name)s?") % names,
        "remove_text": _(
            "The name leads nowhere at once. For 30 days only this workspace can add"
            " it again."
        )
        if one.state != "claimed"
        else _("Its record proves nothing from then on."),
    }

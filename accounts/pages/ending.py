"""The page on which owners have their workspace deleted."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clients, ending
from accounts.custom_domains import Actor
from accounts.errors import NotConfirmed
from accounts.forms import StorableCharField
from accounts.models import SecurityEvent
from accounts.pages import answering, proving
from accounts.pages.settings import page, show
from accounts.people_forms import current_password_field
from accounts.signed_in import person
from kernel import answers
from kernel.errors import ApplicationError
from kernel.inputs import exact
from tenants.context import current_tenant


class EndingForm(forms.Form):
    """The workspace's short name, typed to be sure."""

    slug = StorableCharField(
        label=gettext_lazy("Short name of the workspace"),
        max_length=100,
        widget=exact(),
    )
    current_password = current_password_field()


@page(ending.ASK)
def index(request: HttpRequest) -> HttpResponse:
    """Say what a deletion is; take the order and say that it is done."""
    form = EndingForm(request.POST or None)
    if answering.is_sent(request, form):
        try:
            proving.require(request)
            purge_after = ending.ask(
                slug=form.cleaned_data["slug"], actor=_actor(request)
            )
        except ApplicationError as error:
            form.add_error(_field(form, error), answering.words(error))
        else:
            # The rows behind it are gone, and nothing of the tenant can be written.
            request.session = type(request.session)()
            return answers.alone("tenants/closed.html", {"purge_after": purge_after})
    return show(
        request,
        "ending",
        status=answering.status_of(form),
        heading=_("Delete this workspace"),
        lead=_("For owners who are done with it, and want nothing of it to stay."),
        form=form,
        slug=current_tenant().slug,
        needs_password=proving.is_needed(request),
    )


def _field(form: EndingForm, error: ApplicationError) -> str | None:
    """Return the field that an error belongs to."""
    is_slug = isinstance(error, NotConfirmed)
    return "slug" if is_slug else answering.field_of(form, error)


def _actor(request: HttpRequest) -> Actor:
    via = SecurityEvent.Via.SESSION
    return Actor(person(request), via, clients.prefix(request))

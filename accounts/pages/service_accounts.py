"""The pages of service accounts, for those who care for all tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import service_accounts
from accounts.api_tokens import door_of
from accounts.errors import MissingFields, NameInvalid, NameTaken
from accounts.models import ApiToken, User
from accounts.pages import answering
from accounts.pages.answering import REFUSED
from accounts.pages.settings import page, show
from accounts.pages.tokens import COLUMNS, ask_first, listed
from accounts.permissions import SERVICE_PERMISSIONS
from accounts.signed_in import person
from accounts.token_forms import GIVEN, ServiceAccountForm
from kernel.errors import ApplicationError

KEEPER = "tokens.manage_all"


@page(KEEPER)
def make(request: HttpRequest) -> HttpResponse:
    """Make an account of a program, then lead to it."""
    form = ServiceAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = service_accounts.create(
                name=values["name"],
                permissions=values["permissions"],
                groups=values.get("groups", ()),
                by=person(request),
                door=door_of(request),
            )
        except (NameInvalid, NameTaken, MissingFields) as error:
            form.add_error("name", answering.words(error))
        except ApplicationError as error:
            form.add_error(None, answering.words(error))
        else:
            return redirect("accounts:service-account", made.pk)
    return show(
        request,
        "service_account_new",
        status=REFUSED if form.is_bound else 200,
        heading=_("Create a service account"),
        lead=_("An account of a program: nobody signs in with it."),
        form=form,
    )


@page(KEEPER)
def detail(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show what an account may do, and its tokens."""
    account = service_accounts.find(account_id, seen_by=person(request))
    return show(
        request,
        "service_account",
        heading=account.display_name,
        lead=_("Service account"),
        account=account,
        rights=rights_of(account),
        groups=list(account.groups.order_by("name")),
        tokens=listed(ApiToken.objects.filter(user=account)),
        columns=COLUMNS,
        token_url=f"{reverse('accounts:token-new')}?for={account.pk}",
    )


def rights_of(account: User) -> list[object]:
    """Return what an account was given itself, in plain words."""
    given = account.user_permissions.values_list("content_type__app_label", "codename")
    held = {f"{app}.{codename}" for app, codename in given}
    return [words for name, words in GIVEN.items() if SERVICE_PERMISSIONS[name] in held]


@page(KEEPER)
def deactivate(request: HttpRequest, account_id: int) -> HttpResponse:
    """Say what stops working; sent, end the account with its tokens."""
    account = service_accounts.find(account_id, seen_by=person(request))
    if request.method == "POST":
        by, door = person(request), door_of(request)
        ended = service_accounts.deactivate(account, by=by, door=door)
        messages.success(request, ended_in_words(account, ended))
        return redirect("accounts:tokens")
    works = sum(one.is_working for one in ApiToken.objects.filter(user=account))
    return ask_first(
        request,
        heading=_("Deactivate this service account?"),
        lead=account.display_name,
        text=ngettext(
            "%(count)d token of it works at present. Every program that uses the"
            " account is refused at once, and the account cannot be used again.",
            "%(count)d tokens of it work at present. Every program that uses the"
            " account is refused at once, and the account cannot be used again.",
            works,
        )
        % {"count": works},
        label=_("Deactivate the account"),
        back=reverse("accounts:service-account", args=[account_id]),
        tone="danger",
    )


def ended_in_words(account: User, ended: int) -> str:
    return ngettext(
        "“%(name)s” is deactivated; %(count)d token stopped working.",
        "“%(name)s” is deactivated; %(count)d tokens stopped working.",
        ended,
    ) % {"name": account.display_name, "count": ended}

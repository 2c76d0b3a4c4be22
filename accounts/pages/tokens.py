"""The pages of API tokens: a list, one to make one, and each with its secret once."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from accounts import api_tokens, service_accounts
from accounts.api_tokens import NewToken, door_of
from accounts.errors import (
    MissingFields,
    NameInvalid,
    ReauthenticationRequired,
    Throttled,
)
from accounts.models import ApiToken, User
from accounts.models.api_token import ApiTokenQuerySet
from accounts.pages import answering, proving
from accounts.pages.answering import REFUSED
from accounts.pages.settings import page, show
from accounts.scopes import SCOPES
from accounts.signed_in import person
from accounts.token_forms import RotateForm, TokenForm
from accounts.token_text import MARKS
from kernel.errors import ApplicationError

OWN = "tokens.manage_own"
#: Rows of each list; who has more looks at them by the API.
MOST = 100
COLUMNS = [
    {"label": label} for label in (_l("Name"), _l("State"), _l("Last used"), _l("Ends"))
]


@page(OWN)
def index(request: HttpRequest) -> HttpResponse:
    """List one's own tokens; to administrators service accounts and all others."""
    user = person(request)
    mine = ApiToken.objects.filter(user=user)
    values: dict[str, Any] = {"tokens": listed(mine), "is_keeper": False}
    if user.may("tokens.manage_all"):
        people = ApiToken.objects.exclude(user__kind=User.Kind.SERVICE)
        values["is_keeper"] = True
        values["others"] = listed(people.exclude(user=user))
        accounts = service_accounts.counted(service_accounts.made_by_people())
        values["accounts"] = [row_of(account) for account in accounts[:MOST]]
    return show(
        request,
        "tokens",
        heading=_("API tokens"),
        lead=_("Programs come in with a token, never with your password."),
        columns=COLUMNS,
        **values,
    )


def row_of(account: Any) -> dict[str, Any]:
    """Return the row of a service account, with how many of its tokens work."""
    works = ngettext(
        "%(count)d working token", "%(count)d working tokens", account.tokens
    )
    return {
        "url": reverse("accounts:service-account", args=[account.pk]),
        "title": account.display_name,
        "meta": [works % {"count": account.tokens}],
        "state": "" if account.is_active else "cancelled",
    }


def listed(rows: ApiTokenQuerySet) -> list[ApiToken]:
    """Return the latest tokens, those that work first."""
    found = list(rows.select_related("user")[:MOST])
    return sorted(found, key=lambda token: not token.is_working)


@page(OWN)
def make(request: HttpRequest) -> HttpResponse:
    """Make a token and show its text, this once."""
    user = person(request)
    asked = {"owner": request.GET.get("for", "")}
    form = TokenForm(request.POST or None, person=user, initial=asked)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            proving.require(request)
            made = api_tokens.create(
                owner=owner_of(values, user),
                name=values["name"],
                scopes_named=values["scopes"],
                days=values["days"],
                by=user,
                door=door_of(request),
            )
        except (NameInvalid, MissingFields) as error:
            form.add_error("name", answering.words(error))
        except ApplicationError as error:
            form.add_error(None, answering.words(error))
        else:
            return secret_page(request, made, heading=_("Your new token"))
    return show(
        request,
        "token_new",
        status=REFUSED if form.is_bound else 200,
        heading=_("Create a token"),
        lead=_("Its secret is shown once, on the next page."),
        form=form,
        needs_password=proving.is_needed(request),
    )


def owner_of(values: dict[str, Any], user: User) -> User:
    if not values.get("owner"):
        return user
    return service_accounts.find(values["owner"], seen_by=user)


def secret_page(
    request: HttpRequest, made: NewToken, *, heading: str, old: ApiToken | None = None
) -> HttpResponse:
    """Show the text of a token; the page is never kept and never shown again."""
    return show(
        request,
        "token_secret",
        heading=heading,
        lead=made.token.name,
        token=made.token,
        secret=made.text,
        old=old,
    )


@page(OWN)
def detail(request: HttpRequest, token_id: int) -> HttpResponse:
    """Show one token: what it opens, its use, and how to replace or end it."""
    user = person(request)
    token = api_tokens.find(token_id, seen_by=user)
    return show(
        request,
        "token",
        heading=token.name,
        token=token,
        begins=f"{MARKS[token.user.kind]}_{token.prefix}",
        words=in_words(token.scopes),
        is_maker=token.user_id == user.pk or token.user.kind == User.Kind.SERVICE,
        form=RotateForm(),
    )


def in_words(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the scopes with their plain words."""
    known = [SCOPES[name] for name in names if name in SCOPES]
    return [{"name": scope.name, "words": scope.words} for scope in known]


@page(OWN)
def rotate(request: HttpRequest, token_id: int) -> HttpResponse:
    """Say what a rotation does; sent, make the successor and show its text once."""
    user = person(request)
    token = api_tokens.find(token_id, seen_by=user)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        overlap, door = timedelta(hours=form.cleaned_data["hours"]), door_of(request)
        try:
            proving.require(request)
            made = api_tokens.rotate(token, overlap=overlap, by=user, door=door)
        except (ReauthenticationRequired, Throttled) as error:
            form.add_error(None, answering.words(error))
        except ApplicationError as error:
            messages.error(request, answering.words(error))
            return redirect("accounts:token", token_id)
        else:
            token.refresh_from_db()
            return secret_page(request, made, heading=_("The new secret"), old=token)
    return ask_first(
        request,
        heading=_("Rotate this token?"),
        lead=token.name,
        text=_(
            "It gets a new secret, which you give to every program that uses it. Those"
            " with the old secret go on working for as long as you choose here, and"
            " are refused from then on."
        ),
        label=_("Make a new secret"),
        back=reverse("accounts:token", args=[token_id]),
        form=form,
        needs_password=proving.is_needed(request),
    )


@page(OWN)
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Say what stops working; sent, end the token at once."""
    user = person(request)
    token = api_tokens.find(token_id, seen_by=user)
    if request.method == "POST":
        api_tokens.revoke(token, by=user, door=door_of(request))
        said = _("“%(name)s” opens nothing any more.") % {"name": token.name}
        messages.success(request, said)
        return redirect("accounts:tokens")
    return ask_first(
        request,
        heading=_("Revoke this token?"),
        lead=token.name,
        text=_(
            "Every program that uses it is refused at once, whatever it is doing. This"
            " cannot be undone; a program needs a new token then."
        ),
        used=token,
        label=_("Revoke the token"),
        back=reverse("accounts:token", args=[token_id]),
        tone="danger",
    )


def ask_first(request: HttpRequest, **values: Any) -> HttpResponse:
    """Ask before something stops working."""
    is_wrong = request.method == "POST"
    status = REFUSED if is_wrong else 200
    return show(request, "token_confirm", status=status, **values)

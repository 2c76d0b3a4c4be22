"""The administrators' list of mails: what left, what did not, and why."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import limits, recipients, resending
from accounts.errors import NotSentAgain, Throttled
from accounts.mail import labels, reasons
from accounts.models import MailMessage
from accounts.pages import mail_trying
from accounts.pages.settings import page, show
from accounts.signed_in import person
from kernel import pagination

PAGE = 25
State = MailMessage.State

#: The filters in their order: the word of the address, the label, the states.
FILTERS: tuple[tuple[str, str | Promise, tuple[State, ...]], ...] = (
    ("", gettext_lazy("All"), ()),
    (
        "waiting",
        gettext_lazy("On their way"),
        (State.QUEUED, State.SENDING, State.DEFERRED),
    ),
    ("sent", gettext_lazy("Sent"), (State.SENT,)),
    ("failed", gettext_lazy("Failed"), (State.FAILED, State.EXPIRED)),
    ("off", gettext_lazy("Not sent"), (State.SUPPRESSED,)),
)
#: What a badge says beyond what it knows: label, tone, icon.
BADGES: Mapping[str, tuple[str | Promise, str, str]] = MappingProxyType(
    {
        State.DEFERRED: (gettext_lazy("Tried again later"), "warn", "clock"),
        State.SUPPRESSED: (gettext_lazy("Mail is off"), "", "ban"),
    }
)


@page("mail.view")
def listing(request: HttpRequest) -> HttpResponse:
    """List the mails of the tenant, the newest first; bodies are shown nowhere."""
    chosen = _chosen(request)
    rows = MailMessage.objects.shown().defer("html", "text", "secret_context")
    states = next(states for word, _label, states in FILTERS if word == chosen)
    if states:
        rows = rows.filter(state__in=states)
    before = pagination.before_of(request)
    found = pagination.newest(rows, before=before, size=PAGE)
    return show(
        request,
        "mails",
        heading=_("Mail"),
        lead=_("What this workspace sent to people, the newest first."),
        options=_options(chosen),
        query=f"state={chosen}" if chosen else "",
        is_filtered=bool(chosen),
        way=mail_trying.way(),
        page=found,
        columns=_columns(),
        rows=[_row(message) for message in found],
    )


@page("mail.view")
@require_POST
def again(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Send a mail again that failed; where it had a code, a new one."""
    user = person(request)
    limits.hit("mail.again", str(user.pk))
    try:
        resending.send_again(mail_id, by=user)
    except NotSentAgain:
        messages.error(
            request,
            _("This mail cannot be sent again; ask the person to request a new one."),
        )
    except Throttled:
        messages.error(
            request, _("This address just got a code. Try again in a minute.")
        )
    else:
        messages.success(request, _("The mail is on its way again."))
    return redirect("accounts:mail")


def _chosen(request: HttpRequest) -> str:
    word = request.GET.get("state", "")
    return word if word in {known for known, *_rest in FILTERS} else ""


def _options(chosen: str) -> list[dict[str, Any]]:
    url = reverse("accounts:mail")
    return [
        {
            "label": label,
            "url": f"{url}?state={word}" if word else url,
            "active": word == chosen,
        }
        for word, label, _states in FILTERS
    ]


def _columns() -> list[dict[str, Any]]:
    return [
        {"label": _("Mail")},
        {"label": _("State")},
        {"label": _("Attempts"), "number": True},
        {"label": _("Written")},
        {"label": ""},
    ]


def _row(message: MailMessage) -> dict[str, Any]:
    """Return a line of the list, as `settings/_mail_row.html` reads it."""
    label, tone, icon = BADGES.get(message.state, ("", "", ""))
    return {
        "mail": message,
        "what": labels.of(message),
        "to": ", ".join(recipients.mask(one) for one in message.to) or _("nobody"),
        "label": label,
        "tone": tone,
        "icon": icon,
        "at": message.created_at,
        "why": reasons.words(message.last_error),
        "was_sent_again": resending.NOTED in message.metadata,
        "may_again": resending.may_be_sent_again(message),
    }

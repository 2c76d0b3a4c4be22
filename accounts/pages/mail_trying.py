"""Which way mail leaves, in words, and a test mail to one's own address."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import addresses, branding, limits
from accounts.errors import EmailUnverified, MailOff, Throttled
from accounts.mail import reasons, trying
from accounts.mail.providers import Provider
from accounts.models import MailMessage, SecurityEvent
from accounts.pages.settings import page
from accounts.signed_in import person

State = MailMessage.State
#: What people are told of a provider; which server it is stays the operators'.
WAYS: Mapping[Provider, str | Promise] = MappingProxyType(
    {
        Provider.MAILGUN: gettext_lazy("Mails leave by Mailgun."),
        Provider.MAILPIT: gettext_lazy("Mails go to Mailpit and to nobody else."),
        Provider.SMTP: gettext_lazy("Mails leave by a mail server (SMTP)."),
    }
)


def way() -> dict[str, Any]:
    """Return which way mail leaves, as `settings/mails.html` reads it."""
    provider = trying.way()
    if provider is None:
        return {
            "title": _("No mail leaves"),
            "words": _("The mail settings of the platform are incomplete."),
        }
    if provider is Provider.DISABLED:
        return _off()
    words = WAYS[provider]
    if provider is Provider.SMTP and settings.EMAIL_BACKEND == settings.MAILBOX_BACKEND:
        words = _("Mails are kept in the development mailbox and reach nobody.")
    return {"is_open": True, "words": words}


def _off() -> dict[str, Any]:
    if branding.current().mail_enabled:
        words = _("Mail is switched off for the whole platform.")
        return {"title": _("No mail leaves"), "words": words}
    return {
        "title": _("No mail leaves"),
        "words": _("This workspace has switched its mail off."),
        "url": reverse("accounts:branding"),
        "link": _("Switch it on under Branding"),
    }


@page("mail.view")
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send a test mail to whoever asks, at once, and say what became of it."""
    user = person(request)
    try:
        limits.hit("mail.test", str(user.pk))
        message = trying.send_own_test(user, via=SecurityEvent.Via.SESSION)
    except Throttled:
        messages.error(request, _("Enough test mails for now. Try again in an hour."))
    except EmailUnverified:
        messages.error(request, _("Confirm your own address first."))
    except MailOff:
        messages.error(request, _("Mail is switched off, so no test was sent."))
    else:
        _tell(request, message, addresses.mask(user.email))
    return redirect("accounts:mail")


def _tell(request: HttpRequest, message: MailMessage, to: str) -> None:
    why = {"why": reasons.words(message.last_error), "to": to}
    if message.state == State.SENT:
        messages.success(request, _("The test mail left for %(to)s.") % why)
    elif message.state == State.DEFERRED:
        messages.warning(
            request, _("Not sent yet. %(why)s; it is tried again by itself.") % why
        )
    else:
        messages.error(request, _("The test mail was not sent. %(why)s.") % why)

"""Hand a rendered message over; every failure becomes a value."""

from collections.abc import Mapping
from email.utils import parseaddr
from types import MappingProxyType
from typing import Protocol

from django.core.mail import EmailMultiAlternatives

from accounts import conf, recipients
from accounts.mail import attachments, mailgun, smtp
from accounts.mail.outcomes import Outcome
from accounts.mail.providers import Provider
from accounts.mail.rendering import Rendered
from accounts.models import MailMessage
from tenants import context


class MailTransport(Protocol):
    """What carries one message; it tries once, and raises nothing."""

    def __call__(self, email: EmailMultiAlternatives, /) -> Outcome: ...


#: One entry a provider; another service is a function and a line here.
TRANSPORTS: Mapping[Provider, MailTransport] = MappingProxyType(
    {
        Provider.MAILGUN: mailgun.deliver,
        Provider.MAILPIT: smtp.deliver,
        Provider.SMTP: smtp.deliver,
    }
)


def send(message: MailMessage, rendered: Rendered, provider: Provider) -> Outcome:
    """Give the message to the provider and return how it went."""
    return TRANSPORTS[provider](compose(message, rendered))


def compose(message: MailMessage, rendered: Rendered) -> EmailMultiAlternatives:
    """Return the message as Django sends it: text, HTML, the tenant as the sender."""
    email = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=sender(message, rendered),
        to=message.to,
        cc=message.cc,
        bcc=blind_copies(message),
        reply_to=reply_to(message, rendered),
        headers={"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"},
    )
    email.attach_alternative(rendered.html, "text/html")
    for name, content, mimetype in attachments.of(message):
        email.attach(name, content, mimetype)
    return email


def sender(message: MailMessage, rendered: Rendered) -> str:
    """Return `Tenant's name <address of the platform>`."""
    own_name, address = parseaddr(conf.current().email_from)
    name = message.from_name or rendered.brand.sender_name or own_name
    return recipients.written(name, address)


def reply_to(message: MailMessage, rendered: Rendered) -> list[str]:
    """Return where answers go: the tenant's or else the platform's, then the passed."""
    general = rendered.brand.reply_to or conf.current().reply_to
    return _once([*general, *message.reply_to])


def blind_copies(message: MailMessage) -> list[str]:
    """Return the blind copies; a secret never goes to the static ones."""
    static = () if message.is_secret else conf.current().bcc
    return _once([*static, *message.bcc])


def _once(written: list[str]) -> list[str]:
    """Return addresses without repetition, in their order; case does not count."""
    found: dict[str, str] = {}
    for one in written:
        found.setdefault(parseaddr(one)[1].casefold(), one)
    return list(found.values())


def message_id(message: MailMessage) -> str:
    """Return an id made from the row: the same at each try, to drop doubles by."""
    _, address = parseaddr(conf.current().email_from)
    domain = address.rpartition("@")[2] or "localhost"
    return f"<{context.context_uuid().hex}.{message.pk}@{domain}>"

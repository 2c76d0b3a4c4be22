"""Hand a rendered message over; every failure becomes one exception."""

import smtplib
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts import conf
from accounts.mail import attachments
from accounts.mail.providers import Provider
from accounts.mail.rendering import Rendered
from accounts.models import MailMessage
from tenants import context

MAILBOX_BACKEND = "accounts.mail.devbox.EmailBackend"
LONGEST_REASON = 200
#: SMTP answers from here on say: never.
FIRST_PERMANENT = 500


class NotDelivered(Exception):
    """The message was not taken; `is_final` tells that trying again is useless."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason[:LONGEST_REASON])
        self.is_final = is_final


def send(message: MailMessage, rendered: Rendered, provider: Provider) -> str:
    """Give the message to the provider and return its Message-ID.

    Raises NotDelivered with a reason that holds neither address nor body.
    """
    email = compose(message, rendered)
    try:
        sent = _connection(provider).send_messages([email])
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        final = all(code >= FIRST_PERMANENT for code in codes)
        reason = f"recipients refused: {sorted(codes)}"
        raise NotDelivered(reason, is_final=final) from None
    except smtplib.SMTPResponseException as error:
        final = error.smtp_code >= FIRST_PERMANENT
        raise NotDelivered(f"refused: {error.smtp_code}", is_final=final) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"not reached: {type(error).__name__}") from None
    except ValueError as error:
        reason = f"cannot be written: {type(error).__name__}"
        raise NotDelivered(reason, is_final=True) from None
    if not sent:
        raise NotDelivered("nobody took the message")
    return message_id(message)


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
    found = conf.current()
    own_name, address = parseaddr(found.email_from)
    name = message.from_name or rendered.brand.sender_name or found.from_name
    return formataddr((name or own_name, address))


def reply_to(message: MailMessage, rendered: Rendered) -> list[str]:
    """Return where answers go: the tenant's or else the platform's addresses."""
    general = rendered.brand.reply_to or conf.current().reply_to
    return list(dict.fromkeys((*general, *message.reply_to)))


def blind_copies(message: MailMessage) -> list[str]:
    """Return the blind copies; a secret never goes to the static ones."""
    static = () if message.is_secret else conf.current().bcc
    found: dict[str, str] = {}
    for address in (*static, *message.bcc):
        found.setdefault(address.casefold(), address)
    return list(found.values())


def message_id(message: MailMessage) -> str:
    """Return an id made from the row: the same at each try, to drop doubles by."""
    _, address = parseaddr(conf.current().email_from)
    domain = address.rpartition("@")[2] or "localhost"
    return f"<{context.context_uuid().hex}.{message.pk}@{domain}>"


def _connection(provider: Provider) -> BaseEmailBackend:
    if provider is Provider.MAILBOX:
        return get_connection(MAILBOX_BACKEND)
    return get_connection(settings.EMAIL_BACKEND)

"""Send one test message, at once, the way every other mail of the context leaves."""

from accounts import branding, conf, events
from accounts.errors import EmailUnverified, MailOff
from accounts.mail import composing, outbox, providers
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.models import MailMessage, SecurityEvent, User
from accounts.recipients import envelope

TEMPLATE = "accounts/test_message"
SYSTEM = SecurityEvent.Via.SYSTEM


def way() -> Provider | None:
    """Return which way a mail leaves now; None where the settings let none leave."""
    enabled = branding.current().mail_enabled
    try:
        return providers.resolve(conf.current(), tenant_enabled=enabled)
    except DeliveryRefused:
        return None


def send_test(address: str, *, person: str = "", language: str = "") -> MailMessage:
    """Write and deliver a test message; return its row as it is then.

    What could not be delivered for now is tried again like any other mail.
    """
    message = composing.enqueue(
        MailMessage(
            template=TEMPLATE,
            category="test_message",
            context={"person": person} if person else {},
            language=language,
            # Claimed by us, so that no worker is faster.
            state=MailMessage.State.SENDING,
            attempts=1,
        ),
        envelope(to=address),
    )
    if message.state == MailMessage.State.SENDING:
        outbox.deliver(message)
    return message


def send_own_test(user: User, *, via: str = SYSTEM) -> MailMessage:
    """Send a test message to a person's own address, and to no other.

    Raises EmailUnverified where the mailbox was not proven, MailOff where mail is off.
    """
    if not user.email or not user.is_email_verified:
        raise EmailUnverified
    if way() is Provider.DISABLED:
        raise MailOff
    message = send_test(user.email, person=user.display_name, language=user.language)
    told = {"mail": message.pk, "state": str(message.state)}
    events.record("mail.tested", by=user, via=via, details=told)
    return message

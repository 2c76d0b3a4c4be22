"""Send one test message, at once, the way every other mail of the context leaves."""

from accounts.mail import composing, outbox
from accounts.models import MailMessage
from accounts.recipients import envelope

TEMPLATE = "accounts/test_message"


def send_test(address: str) -> MailMessage:
    """Write and deliver a test message; return its row as it is then.

    What could not be delivered for now is tried again like any other mail.
    """
    message = composing.enqueue(
        MailMessage(
            template=TEMPLATE,
            category="test_message",
            # Claimed by us, so that no worker is faster.
            state=MailMessage.State.SENDING,
            attempts=1,
        ),
        envelope(to=address),
    )
    if message.state == MailMessage.State.SENDING:
        outbox.deliver(message)
    return message

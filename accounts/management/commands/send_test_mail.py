"""`manage.py send_test_mail ADDRESS --tenant SLUG`: find out whether mail arrives."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from accounts.mail import trying
from accounts.models import MailMessage
from accounts.recipients import read
from tenants.management.ends import REFUSED, WRONG_USAGE, fail
from tenants.management.planes import InPlane

State = MailMessage.State


class Command(InPlane):
    """Sends one message in the tenant's name and says what the server said.

    Exit codes: 0 sent, 1 not sent, 2 wrong usage, 3 no such tenant, 4 mail is switched
    off, or the tenant is stopped.
    """

    plane = "tenant"
    help = "Send a test message in a tenant's name, at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )

    def handle(
        self,
        *args: Any,  # noqa: ARG002 - Django's signature
        address: str,
        as_json: bool,
        **options: Any,  # noqa: ARG002 - as above
    ) -> None:
        good, bad = read(address)
        if bad or len(good) != 1:
            fail("Say one address, as name@example.com.", WRONG_USAGE)
        try:
            message = trying.send_test(address)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.tell(message, as_json=as_json)

    def tell(self, message: MailMessage, *, as_json: bool) -> None:
        """Print what became of it, and end with the code that says so."""
        facts = {
            "mail": message.pk,
            "state": str(message.state),
            "provider": message.provider,
            "provider_message_id": message.provider_message_id,
            "reason": message.last_error,
        }
        if as_json:
            self.stdout.write(json.dumps(facts))
        elif message.state == State.SENT:
            line = f"Sent by {message.provider}: {message.provider_message_id}"
            self.stdout.write(line)
        if message.state == State.SUPPRESSED:
            fail("Mail is switched off here.", REFUSED)
        if message.state == State.DEFERRED:
            reason = f"{message.last_error}; it is tried again"
            raise CommandError(f"Not sent yet: {reason}.")
        if message.state != State.SENT:
            raise CommandError(f"Not sent: {message.last_error}.")

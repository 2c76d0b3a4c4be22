"""Make an operator: a person of the public schema who runs the platform."""

import getpass
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts import operators
from kernel.errors import ApplicationError, Conflict
from tenants import events
from tenants.management.ends import REFUSED, WRONG_USAGE, fail
from tenants.management.planes import InPlane
from tenants.management.verbs import actor


class Command(InPlane):
    """Asks for what the arguments leave open; a password is never an argument.

    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 4 the name or the address is
    taken.
    """

    plane = "control"
    help = "Make an operator in the public schema."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username")
        parser.add_argument("--email")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from stdin"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        username = options["username"] or self._ask("User name: ")
        email = options["email"] or self._ask("E-mail address: ")
        password = self._password(from_stdin=options["password_stdin"])
        try:
            with transaction.atomic():
                made = operators.create(
                    username=username, email=email, password=password
                )
                events.record(
                    "operator.created", by=actor(options), operator=made.username_norm
                )
        except ApplicationError as error:
            code = REFUSED if isinstance(error, Conflict) else WRONG_USAGE
            raise CommandError(error.detail, returncode=code) from None
        self.stdout.write(f"Operator {username} can sign in at {settings.LOGIN_URL}")

    def _ask(self, question: str) -> str:
        self.stdout.write(question, ending="")
        self.stdout.flush()
        answer = sys.stdin.readline().strip()
        if not answer:
            fail("Nothing was typed, so no operator was made.", WRONG_USAGE)
        return answer

    def _password(self, *, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        if not sys.stdin.isatty():
            fail("There is nobody to ask: use --password-stdin.", WRONG_USAGE)
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password again: "):
            fail("The passwords differ.", WRONG_USAGE)
        return password

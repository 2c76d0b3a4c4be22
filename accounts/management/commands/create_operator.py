"""Make an operator: a person of the public schema who runs the platform."""

import getpass
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts import operators
from kernel.errors import ApplicationError
from tenants.management.planes import InPlane


class Command(InPlane):
    """Asks for what the arguments leave open; a password is never an argument."""

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
            operators.create(username=username, email=email, password=password)
        except ApplicationError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"Operator {username} can sign in at {settings.LOGIN_URL}")

    def _ask(self, question: str) -> str:
        self.stdout.write(question, ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip()

    def _password(self, *, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password again: "):
            raise CommandError("The passwords differ.")
        return password

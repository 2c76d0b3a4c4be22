"""django-tenants' commands that hand their work to a verb of `manage.py tenant`.

They keep upstream's names for what they take, and go around no state, role or book.
"""

from typing import ClassVar, Final

from django.core.management import call_command
from django.core.management.base import CommandParser

from tenants.management.planes import InPlane, Plane

WHICH: Final = "SCHEMA_OR_TENANT"


class Forwarding(InPlane):
    """A command in the control plane that calls `manage.py tenant VERB`."""

    plane: ClassVar[Plane] = "control"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noinput", "--no-input", action="store_true", help="Ask no question."
        )

    def add_schema(self, parser: CommandParser) -> None:
        """Declare upstream's --schema; it takes any name of a tenant as well."""
        names = ("-s", "--schema", "--schema_name")
        parser.add_argument(*names, required=True, metavar=WHICH, dest="schema")

    def forward(self, *words: str, noinput: bool) -> None:
        """Call the verb; it prints where this command would, and ends with its code."""
        call_command(
            "tenant",
            *words,
            *(["--yes"] if noinput else []),
            stdout=self.stdout._out,  # noqa: SLF001 - the stream behind the style
            stderr=self.stderr._out,  # noqa: SLF001 - as above
        )

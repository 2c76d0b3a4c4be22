"""What the commands with verbs share: `manage.py NAME VERB ... --json`.

class Command(Verbs):
    plane = "tenant"

    def add_arguments(self, parser):
        verbs = self.verbs_of(parser)
        self.verb(verbs, "list", "List them.")

    def do_list(self, options): ...
"""

import getpass
import json
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from kernel import clock
from kernel.errors import (
    ApplicationError,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from kernel.text import storable
from tenants.management.ends import (
    CHECK_FAILED,
    LOCK_HELD,
    NOT_FOUND,
    REFUSED,
    WRONG_USAGE,
    Unexpected,
    fail,
)
from tenants.management.planes import InPlane, in_one_line
from tenants.portability.errors import ArchiveDamaged, Busy

#: What a person writes for the operators' book.
TEXTS: Final = ("reason", "actor", "code")
#: Exit codes by the kind of error; any other is 1.
EXIT_CODES: Final = (
    (ArchiveDamaged, CHECK_FAILED),
    (Busy, LOCK_HELD),
    (BadRequest, WRONG_USAGE),
    (Invalid, WRONG_USAGE),
    (NotFound, NOT_FOUND),
    (Conflict, REFUSED),
    (Forbidden, REFUSED),
)


class VerbParser(CommandParser):
    """The parser of a verb: what it does not know, it says with its own usage."""

    def parse_known_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[Namespace, list[str]]:
        """Return what was read; ends with 2 where something is left over."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown


class Verbs(InPlane):
    """A command whose verbs are its methods `do_<verb>`.

    Every error is one line; `--traceback` shows where it came from.
    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 not found, 4 refused.
    """

    def verbs_of(self, parser: ArgumentParser) -> Any:
        """Return what takes the parsers of the verbs, which stand behind it."""
        return parser.add_subparsers(
            dest="verb", metavar="VERB", required=True, parser_class=VerbParser
        )

    def verb(self, verbs: Any, name: str, words: str) -> ArgumentParser:
        """Return the parser of a verb; it knows --json, and --tenant as well."""
        parser: ArgumentParser = verbs.add_parser(name, help=words, description=words)
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )
        if self.plane == "tenant":
            # Without a default of its own: what stands before the verb is kept.
            parser.add_argument(
                "--tenant",
                default=SUPPRESS,
                metavar="TENANT",
                help="A slug, uuid or domain.",
            )
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run in the plane; what nobody expected becomes a line as well."""
        try:
            return super().execute(*args, **options)
        except CommandError:
            raise
        except Exception as error:
            if options.get("traceback"):
                raise
            raise Unexpected(in_one_line(error), returncode=1) from error

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Run the verb; a refusal becomes its line and its exit code."""
        run: Callable[[Mapping[str, Any]], None]
        run = getattr(self, f"do_{options['verb'].replace('-', '_')}")
        require_texts(options)
        try:
            run(options)
        except ApplicationError as error:
            fail(error.detail, exit_code(error))

    def say_progress(self, line: str) -> None:
        """Write on stderr what is being done; it is no error, so it is not red."""
        self.stderr.write(line, style_func=str)

    def print_json(self, value: object) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))

    def print_json_line(self, value: object) -> None:
        """Print one of many documents, each in a line of its own."""
        self.stdout.write(json.dumps(value, ensure_ascii=False))

    def print_table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        lines = [list(head), *map(list, rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        for line in lines:
            cells = (
                text.ljust(width) for text, width in zip(line, widths, strict=True)
            )
            self.stdout.write("  ".join(cells).rstrip())


def require_texts(options: Mapping[str, Any]) -> None:
    """End with 2 where a text for the book is none: bytes that are no UTF-8."""
    for name in TEXTS:
        if not storable(options.get(name) or ""):
            fail(f"The {name} holds what cannot be stored.", WRONG_USAGE)


def exit_code(error: ApplicationError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def actor(options: Mapping[str, Any]) -> str:
    """Return who is at work: --actor, or the user of this machine."""
    try:
        return options.get("actor") or f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        return "os:unknown"


def iso(at: datetime | None) -> str | None:
    """Return an instant in ISO 8601, UTC, to the second."""
    return clock.iso(at) if at else None

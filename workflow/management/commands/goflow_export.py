"""`manage.py goflow_export`: the histories of a process, for other programs."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from kernel.text import storable
from tenants.context import TenantInfo
from tenants.management.over_tenants import FAILED, InEachTenant, WrongUsage
from workflow import history, tenancy, xes
from workflow.errors import InstantInvalid
from workflow.models import Process, ProcessInstance

STDOUT: Final = "-"


class Command(InEachTenant):
    """Writes the instances of all versions of a process that started in a time.

    Nobody is named; a person with `workflow.can_view_audit` gets names by the API.
    Exit codes: 0 done, 1 failed, 2 wrong usage, no tenant or no process.
    """

    help = "Write the histories of a process to a file, as XES (IEEE 1849)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["xes"], default="xes")
        parser.add_argument(
            "--process", required=True, metavar="CODE", help="The code of a process."
        )
        parser.add_argument(
            "--since", metavar="INSTANT", help="Only what started then or later."
        )
        parser.add_argument(
            "--until", metavar="INSTANT", help="Only what started before."
        )
        parser.add_argument(
            "--output",
            default=STDOUT,
            metavar="FILE",
            help="Where to; by default, and for -, the standard output.",
        )
        parser.add_argument(
            "--instance-events",
            action="store_true",
            help="Events of the instances themselves as events, too.",
        )

    def prepare(
        self, chosen: list[TenantInfo], *, as_json: bool, **options: Any
    ) -> None:
        if len(chosen) > 1:
            raise WrongUsage("A file is of one tenant: use --tenant.")
        if as_json and options["output"] == STDOUT:
            raise WrongUsage("Use --output FILE with --json.")
        period_of(options)

    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        code = options["process"]
        versions = tenancy.filtered(Process.objects.all())
        if not storable(code) or not versions.filter(code=code).exists():
            raise WrongUsage(f"There is no process {code!r}.")
        instances = tenancy.filtered(ProcessInstance.objects.filter(process__code=code))
        export = xes.Export(
            code,
            xes.started_within(instances, *period_of(options)),
            with_instance_events=options["instance_events"],
        )
        with self.writing(options["output"]) as write:
            for part in xes.written(export):
                write(part)
        return {
            "file": options["output"],
            "traces": export.traces,
            "events": export.events,
        }

    def lines(self, facts: dict[str, Any]) -> list[str]:
        if facts["file"] == STDOUT:
            return []
        counts = f"{facts['traces']} traces with {facts['events']} events"
        return [f"Wrote {counts} to {facts['file']}."]

    @contextmanager
    def writing(self, name: str) -> Iterator[Callable[[bytes], object]]:
        """Return what writes to the file of this name, or to the standard output.

        The file is there when all of it is written, and not before.
        """
        if name == STDOUT:
            yield self.say
            return
        part = Path(f"{name}.part")
        try:
            with part.open("wb") as file, removing(part):
                yield file.write
                file.close()
                part.replace(name)
        except OSError as error:
            message = f"Cannot write {name}: {error.strerror}."
            raise CommandError(message, returncode=FAILED) from error

    def say(self, part: bytes) -> None:
        """Write to the standard output, in UTF-8 whatever the terminal speaks."""
        out: Any = self.stdout._out  # noqa: SLF001 - the stream behind the style
        if hasattr(out, "buffer"):
            out.buffer.write(part)
        else:
            out.write(part.decode())


@contextmanager
def removing(part: Path) -> Iterator[None]:
    """Take a file away that was begun here, where it does not come to its end."""
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def period_of(options: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the ends of the time that is exported. Raises WrongUsage."""
    try:
        return history.period(options["since"] or "", options["until"] or "")
    except InstantInvalid as error:
        raise WrongUsage(error.detail) from None

"""`manage.py goflow_validate`: say what is wrong with the processes of tenants."""

import json
from argparse import ArgumentParser
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import CommandError

from kernel.errors import ApplicationError
from tenants.context import TenantInfo
from tenants.management import finding
from tenants.management.planes import InPlane
from tenants.serving import serving
from workflow import checking
from workflow.checking import Checked

FINDINGS = 1
FAILED = 1
WRONG_USAGE = 2
SOME_FAILED = 3
PASSED = "All workflow graphs passed validation."


@dataclass
class Told:
    """What came of each tenant, by its slug."""

    checked: dict[str, list[Checked]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def is_known(self) -> bool:
        return bool(self.failed) or any(self.checked.values())


class Command(InPlane):
    """Looks at published versions and drafts, tenant by tenant; nothing is changed.

    Exit codes: 0 done, 1 findings or failure, 2 wrong usage or no tenant, 3 some
    tenants failed and the others were done.
    """

    plane = "control"
    help = "Validate the processes of all tenants, or of some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            metavar="SLUG",
            help="Only this tenant; may be given more than once.",
        )
        parser.add_argument(
            "--all-tenants", action="store_true", help="Every tenant (the default)."
        )
        parser.add_argument("--process", metavar="CODE", help="Only this process.")
        parser.add_argument(
            "--warnings-as-errors", action="store_true", help="End with 1 on warnings."
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )

    def handle(
        self,
        *args: Any,  # noqa: ARG002 - Django's signature
        tenant: list[str],
        all_tenants: bool,
        process: str | None,
        warnings_as_errors: bool,
        as_json: bool,
        **options: Any,  # noqa: ARG002 - as above
    ) -> None:
        if tenant and all_tenants:
            raise CommandError("Use --tenant or --all-tenants.", returncode=WRONG_USAGE)
        told = self.look(self.chosen(tenant), process)
        if process is not None and not told.is_known():
            raise CommandError(
                f"There is no process {process!r}.", returncode=WRONG_USAGE
            )
        say = self.say_json if as_json else self.say
        found = say(told, strict=warnings_as_errors)
        self.end(told, found=found)

    def chosen(self, slugs: list[str]) -> list[TenantInfo]:
        """Return the tenants that are meant. Exits with 2 where one is not served."""
        served = {info.slug: info for info in finding.all_served()}
        missing = sorted(set(slugs) - served.keys())
        if missing:
            raise CommandError(
                f"There is no tenant {missing[0]!r}.", returncode=WRONG_USAGE
            )
        if not served:
            raise CommandError("There is no tenant.", returncode=WRONG_USAGE)
        return [served[slug] for slug in dict.fromkeys(slugs)] or list(served.values())

    def look(self, tenants: list[TenantInfo], process: str | None) -> Told:
        """Check each tenant; one that fails stops no other."""
        told = Told()
        for info in tenants:
            try:
                with serving(info):
                    told.checked[info.slug] = checking.versions(code=process)
            except ApplicationError as problem:
                told.failed[info.slug] = problem.detail
            except Exception as problem:  # noqa: BLE001 - one tenant's failure is reported, not raised
                told.failed[info.slug] = f"{type(problem).__name__}: {problem}"
        return told

    def say(self, told: Told, *, strict: bool) -> bool:
        """Print a line for each finding; say whether any of them counts."""
        several = len(told.checked) + len(told.failed) > 1
        found = False
        for slug, versions in told.checked.items():
            start = f"{slug}: " if several else ""
            for version in versions:
                for line in version.lines():
                    self.stdout.write(f"{start}{line}")
            if any(version.is_wrong(strict=strict) for version in versions):
                found = True
            else:
                self.stdout.write(f"{start}{PASSED}")
        for slug, problem in told.failed.items():
            self.stdout.write(f"{slug}: failed, {' '.join(problem.split())}")
        return found

    def say_json(self, told: Told, *, strict: bool) -> bool:
        """Print one object for each tenant; say whether any finding counts."""
        found = False
        for slug, versions in told.checked.items():
            wrong = any(version.is_wrong(strict=strict) for version in versions)
            rows = [version.as_json() for version in versions]
            line = {"tenant": slug, "passed": not wrong, "processes": rows}
            self.stdout.write(json.dumps(line))
            found = found or wrong
        for slug, problem in told.failed.items():
            self.stdout.write(json.dumps({"tenant": slug, "error": problem}))
        return found

    def end(self, told: Told, *, found: bool) -> None:
        if told.failed:
            raise CommandError(
                f"Failed: {', '.join(told.failed)}",
                returncode=SOME_FAILED if told.checked else FAILED,
            )
        if found:
            raise CommandError("Some processes are not in order.", returncode=FINDINGS)

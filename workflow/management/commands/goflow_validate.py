"""`manage.py goflow_validate`: say what is wrong with the processes of tenants."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from tenants.carrying.serving import serving
from tenants.context import TenantInfo
from tenants.management.over_tenants import InEachTenant, WrongUsage
from workflow import checking

PASSED = "All workflow graphs passed validation."


class Command(InEachTenant):
    """Looks at published versions and drafts; nothing is changed.

    Exit codes: 0 done, 1 findings or failure, 2 wrong usage or no tenant, 3 some
    tenants failed and the others were done.
    """

    help = "Validate the processes of all tenants, or of some."
    is_for_all = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--process", metavar="CODE", help="Only this process.")
        parser.add_argument(
            "--warnings-as-errors", action="store_true", help="End with 1 on warnings."
        )

    def prepare(
        self,
        chosen: list[TenantInfo],
        *,
        as_json: bool,  # noqa: ARG002 - the signature of all of them
        process: str | None = None,
        **options: Any,  # noqa: ARG002 - as above
    ) -> None:
        """Refuse a code that none of the tenants has."""
        if process is not None and not any(has(one, process) for one in chosen):
            raise WrongUsage(f"There is no process {process!r}.")

    def in_tenant(
        self,
        tenant: TenantInfo,  # noqa: ARG002 - it is entered
        *,
        process: str | None = None,
        warnings_as_errors: bool = False,
        **options: Any,  # noqa: ARG002 - the signature of all of them
    ) -> dict[str, Any]:
        """Return every version with its findings, and how many of them count."""
        versions = checking.versions(code=process)
        wrong = [one for one in versions if one.is_wrong(strict=warnings_as_errors)]
        return {
            "passed": not wrong,
            "findings": sum(len(one.findings) for one in wrong),
            "processes": [one.as_json() for one in versions],
        }

    def lines(self, facts: dict[str, Any]) -> list[str]:
        """Return a line for each finding, and that all is well where it is."""
        told = list(each(facts["processes"]))
        return [*told, PASSED] if facts["passed"] else told


def has(tenant: TenantInfo, code: str) -> bool:
    try:
        with serving(tenant):
            return checking.is_known(code)
    except Exception:  # noqa: BLE001 - it is told when the tenant's turn comes
        return True


def each(processes: list[dict[str, Any]]) -> Iterator[str]:
    for process in processes:
        for one in process["findings"]:
            mark = "" if one["level"] == "error" else f"{one['level']}: "
            yield f"Process {process['title']}: {mark}{one['message']}"

"""Everything that is to be said about the versions of a tenant, for whoever runs it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kernel.text import storable
from workflow import graph, publishing, tenancy
from workflow.errors import ProcessTampered
from workflow.findings import Finding
from workflow.models import Process


@dataclass(frozen=True, slots=True)
class Checked:
    """One version, and its findings."""

    process: Process
    findings: tuple[Finding, ...]

    def is_wrong(self, *, strict: bool) -> bool:
        """Tell whether a finding counts: errors do, and warnings where it is strict."""
        return any(strict or finding.is_error for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.process.code,
            "title": self.process.title,
            "version": self.process.version,
            "status": self.process.status,
            "findings": [one.as_error() for one in self.findings],
        }


def versions(*, code: str | None = None) -> list[Checked]:
    """Return the published versions and the drafts, of all codes or of one.

    Retired versions are left out: nothing starts on them.
    """
    rows = _rows()
    if code is not None:
        rows = rows.filter(code=code)
    return [checked(row) for row in rows.order_by("code", "version")]


def is_known(code: str) -> bool:
    """Tell whether there is a version with this code that `versions` looks at."""
    return storable(code) and _rows().filter(code=code).exists()


def _rows() -> QuerySet[Process]:
    return tenancy.filtered(Process.objects.exclude(status=Process.Status.RETIRED))


def checked(process: Process) -> Checked:
    """Look at one version; a published one must also be as it was published."""
    found = publishing.findings(process)
    if process.status == Process.Status.PUBLISHED:
        try:
            graph.of(process)
        except ProcessTampered as problem:
            found.append(Finding(problem.code, problem.detail))
    return Checked(process, tuple(found))

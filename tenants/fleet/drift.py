"""Which schemas differ from the template, and how.

A schema of the code's revision has the script of the template, and its role the rights
that `roles` gives; anything else was done by hand, or left by a migration that broke.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenants.context import TenantInfo, use_control
from tenants.fleet import rights, scripts
from tenants.fleet.rights import Right
from tenants.fleet.scripts import Line
from tenants.models import SchemaTemplate

#: Schemas a statement looks at.
TOGETHER: Final = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a schema lacks, or has beyond the template."""

    is_missing: bool
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One tenant's schema: its fingerprint, and what differs. None: it is not there."""

    tenant: TenantInfo
    fingerprint: str | None
    differences: tuple[Difference, ...]

    @property
    def is_sound(self) -> bool:
        return self.fingerprint is not None and not self.differences


def look(tenants: Sequence[TenantInfo], template: SchemaTemplate) -> Iterator[Looked]:
    """Yield what each schema is, in bulk: some statements for two hundred of them."""
    wanted = tuple(Line(*line) for line in template.script)
    for first in range(0, len(tenants), TOGETHER):
        yield from _together(tenants[first : first + TOGETHER], wanted)


@use_control()
def _together(tenants: Sequence[TenantInfo], wanted: scripts.Script) -> list[Looked]:
    names = [tenant.schema_name for tenant in tenants]
    found = scripts.fingerprints(names)
    alike = scripts.fingerprint(wanted)
    others = scripts.read(name for name in found if found[name] != alike)
    held = rights.found(names)
    return [
        Looked(
            tenant,
            found.get(tenant.schema_name),
            (
                *_of_scripts(others.get(tenant.schema_name, wanted), wanted),
                *_of_rights(tenant, held[tenant.schema_name], wanted),
            )
            if tenant.schema_name in found
            else (),
        )
        for tenant in tenants
    ]


def _of_scripts(here: scripts.Script, wanted: scripts.Script) -> Iterator[Difference]:
    for line in sorted(set(wanted) - set(here)):
        yield Difference(is_missing=True, name=line.name, text=line.text)
    for line in sorted(set(here) - set(wanted)):
        yield Difference(is_missing=False, name=line.name, text=line.text)


def _of_rights(
    tenant: TenantInfo, here: frozenset[Right], wanted: scripts.Script
) -> Iterator[Difference]:
    due = rights.due(tenant, wanted)
    for right in sorted(due - here):
        yield Difference(is_missing=True, **_told(right))
    for right in sorted(here - due):
        yield Difference(is_missing=False, **_told(right))


def _told(right: Right) -> dict[str, str]:
    name, whom = right.relation or "the schema", right.role or "everybody"
    return {"name": name, "text": f"{right.words} for {whom}"}

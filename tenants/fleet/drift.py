"""Which schemas differ from the template, and how.

A schema of the code's revision has the script of the template, and its role the rights
that `roles` gives; anything else was done by hand, or left by a migration that broke.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection

from tenants import roles
from tenants.context import TenantInfo, use_control
from tenants.fleet import scripts
from tenants.fleet.scripts import Line
from tenants.models import SchemaTemplate

RIGHTS: Final = (
    Path(__file__).with_name("sql").joinpath("rights.sql").read_text("utf-8")
)
#: Schemas a statement looks at.
TOGETHER: Final = 200
ON_TABLES: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
ON_SEQUENCES: Final = frozenset({"USAGE", "SELECT"})


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
    rights = _rights(names)
    return [
        Looked(
            tenant,
            found.get(tenant.schema_name),
            (
                *_of_scripts(others.get(tenant.schema_name, wanted), wanted),
                *_of_rights(tenant, rights.get(tenant.schema_name, set()), wanted),
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


Right = tuple[str, str, str]


def _rights(schemas: Sequence[str]) -> dict[str, set[Right]]:
    """Return relation, role and rights of each schema."""
    rights: dict[str, set[Right]] = {name: set() for name in schemas}
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"schemas": list(schemas)})
        for schema, *right in cursor.fetchall():
            rights[schema].add(tuple(right))
    return rights


def _of_rights(
    tenant: TenantInfo, here: set[Right], wanted: scripts.Script
) -> Iterator[Difference]:
    due = set(_due(tenant, wanted))
    for name, role, rights in sorted(due - here):
        yield Difference(is_missing=True, name=name, text=f"{rights} for {role}")
    for name, role, rights in sorted(here - due):
        whom = role or "everybody"
        yield Difference(is_missing=False, name=name, text=f"{rights} for {whom}")


def _due(tenant: TenantInfo, wanted: scripts.Script) -> Iterator[Right]:
    """Yield the rights that the tenant's role has on the template's relations."""
    lacking = dict(roles.protected())
    for line in wanted:
        if line.place == scripts.TABLE:
            taken = set(lacking.get(line.name, "").split(", "))
            yield line.name, tenant.db_role, ", ".join(sorted(ON_TABLES - taken))
            for sequence in scripts.sequences_of(line):
                given = ", ".join(sorted(ON_SEQUENCES))
                yield sequence, tenant.db_role, given

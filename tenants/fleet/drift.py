"""Which schemas differ from the template, and how.

A schema of the code's revision has the script of the template, and its role the rights
that `roles` gives; anything else was done by hand, or left by a migration that broke.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tenants.context import TenantInfo, use_control
from tenants.fleet import rights, scripts
from tenants.fleet.rights import OnRelation, Right
from tenants.models import SchemaTemplate


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every schema is compared with, read from the template once."""

    script: scripts.Script
    fingerprint: str
    relations: Sequence[OnRelation]

    @classmethod
    def of(cls, template: SchemaTemplate) -> Self:
        script = scripts.kept(template.script)
        return cls(script, scripts.fingerprint(script), rights.on_relations(script))


def look(tenants: Sequence[TenantInfo], template: SchemaTemplate) -> Iterator[Looked]:
    """Yield what each schema is, in bulk: some statements for two hundred of them."""
    wanted = Wanted.of(template)
    for part in scripts.parts(tenants):
        yield from _together(part, wanted)


@use_control()
def _together(tenants: Sequence[TenantInfo], wanted: Wanted) -> list[Looked]:
    names = [tenant.schema_name for tenant in tenants]
    found = scripts.fingerprints(names)
    others = scripts.read(name for name in found if found[name] != wanted.fingerprint)
    held = rights.found(names)
    return [
        Looked(
            tenant,
            found.get(tenant.schema_name),
            (
                *_compared(
                    _of_lines(wanted.script),
                    _of_lines(others.get(tenant.schema_name, wanted.script)),
                ),
                *_compared(
                    _of_rights(rights.due(tenant, wanted.relations)),
                    _of_rights(held[tenant.schema_name]),
                ),
            )
            if tenant.schema_name in found
            else (),
        )
        for tenant in tenants
    ]


#: Something in its order, with the name and the text by which it is told.
Told = tuple[tuple[Any, ...], str, str]


def _compared(due: set[Told], here: set[Told]) -> Iterator[Difference]:
    for _order, name, text in sorted(due - here):
        yield Difference(is_missing=True, name=name, text=text)
    for _order, name, text in sorted(here - due):
        yield Difference(is_missing=False, name=name, text=text)


def _of_lines(script: scripts.Script) -> set[Told]:
    return {(line, line.name, line.text) for line in script}


def _of_rights(held: Iterable[Right]) -> set[Told]:
    return {
        (
            right,
            right.relation or "the schema",
            f"{right.words} for {right.role or 'everybody'}",
        )
        for right in held
    }

"""A group on its way through a run, and what is compared of its schemas."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from tenants.context import TenantInfo, use_control
from tenants.fleet import scripts
from tenants.fleet.groups import Group
from tenants.fleet.orders import Outcome
from tenants.fleet.recipes import Recipe
from tenants.models import MigrationPlan

WORD: Final = re.compile(r"\w+")


@dataclass
class Way:
    """A group on its way: its plan, and what is left of its members."""

    group: Group
    rest: list[TenantInfo]
    plan: MigrationPlan | None = None
    recipe: Recipe | None = None
    #: The tables that the way is about, and what the canary's were and became.
    tables: frozenset[str] = frozenset()
    before: str = ""
    after: str = ""
    fingerprint: str = ""
    #: Those whose tables were as the canary's before.
    alike: set[UUID] = field(default_factory=set)
    deferred: list[Outcome] = field(default_factory=list)

    @property
    def gone(self) -> int:
        return len(self.group.members) - len(self.rest)


def present(plan: MigrationPlan | None) -> MigrationPlan:
    if plan is None:
        raise RuntimeError("A way is gone with a plan.")
    return plan


def fingerprints(
    tenants: Sequence[TenantInfo], tables: frozenset[str]
) -> dict[str, str]:
    """Return the fingerprint of some tables of each schema, in bulk."""
    found: dict[str, str] = {}
    with use_control():
        for part in scripts.parts(tenants):
            names = [one.schema_name for one in part]
            found |= scripts.fingerprints(names, tables=tables)
    return found


def touched(
    before: scripts.Script, after: scripts.Script, statements: Iterable[str]
) -> frozenset[str]:
    """Return the tables that a way is about: changed, or named by what was sent."""
    words = {word for text in statements for word in WORD.findall(text)}
    lines = {*before, *after}
    changed = set(before) ^ set(after)
    return frozenset(
        scripts.table_of(line)
        for line in lines
        if line in changed or line.name in words or scripts.table_of(line) in words
    ) - {""}


def part_of(script: scripts.Script, tables: frozenset[str]) -> str:
    """Return the fingerprint of some tables, empty where there is none of them."""
    part = scripts.about(script, tables)
    return scripts.fingerprint(part) if part else ""

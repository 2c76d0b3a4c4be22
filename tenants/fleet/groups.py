"""Schemas that go the same way: those in which the same migrations ran."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from tenants import states
from tenants.context import TenantInfo, use_control
from tenants.errors import CanaryUnfit
from tenants.fleet import judging, reading, scripts
from tenants.fleet.orders import Order
from tenants.fleet.reading import Key, Standing
from tenants.fleet.targets import Target
from tenants.models import SchemaTemplate, Tenant

ROWS: Final = """
SELECT n.nspname, sum(pg_stat_get_live_tuples(c.oid))::bigint
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE c.relkind = 'r' AND n.nspname = ANY(%s) GROUP BY 1
"""
DRIFTED: Final = "the canary's schema differs from what its migrations make"
#: How many are looked at closely for the canary.
CANDIDATES: Final = 3
#: How a schema without migrations is called where a revision is asked for.
NO_REVISION: Final = "none"


@dataclass(frozen=True, slots=True)
class Group:
    """Tenants in one state; the first member is the canary.

    `script` is the canary's schema before its way, `fingerprint` that of the script;
    `obstacle` says why they cannot be replayed, as far as is known before.
    """

    word: str
    from_rev: str
    script: scripts.Script
    fingerprint: str
    pending: tuple[Key, ...]
    obstacle: str
    members: tuple[TenantInfo, ...]
    #: Whether somebody chose the canary.
    is_chosen: bool = False

    @property
    def canary(self) -> TenantInfo:
        return self.members[0]


def grouped(
    behind: Iterable[Standing], target: Target, order: Order
) -> tuple[list[Group], list[Standing], list[TenantInfo]]:
    """Return the groups of those that are behind, who is not, and who is ahead.

    In those of the second kind all ran that the code has, and something that it has no
    more; in those of the third something that it does not have yet.
    Raises CanaryUnfit where the wanted canary is in no group.
    """
    by_word: dict[str, list[Standing]] = defaultdict(list)
    for one in behind:
        by_word[one.word].append(one)
    groups: list[Group] = []
    arrived: list[Standing] = []
    ahead: list[TenantInfo] = []
    if by_word:
        with use_control():
            known = of_templates()
            for word, standings in by_word.items():
                tenants = [one.tenant for one in standings]
                applied = reading.applied(tenants[0])
                pending = target.pending(applied)
                if target.newer(applied):
                    ahead += tenants
                elif pending or word == reading.NOTHING:
                    there = known.get(word, (word[:16] or NO_REVISION, ""))
                    groups.append(group(word, there, tenants, pending, target, order))
                else:
                    arrived += standings
    require_canary(groups, order)
    groups.sort(key=lambda group: -len(group.members))
    return groups, arrived, ahead


def of_templates() -> dict[str, tuple[str, str]]:
    """Return word to revision and fingerprint, of the templates that are kept."""
    return {
        reading.word_of(one.migrations): (
            one.revision,
            scripts.fingerprint(scripts.kept(one.script)),
        )
        for one in SchemaTemplate.objects.order_by("compiled_at")
    }


def group(  # noqa: PLR0917 - what a group is made of
    word: str,
    known: tuple[str, str],
    tenants: Sequence[TenantInfo],
    pending: tuple[Key, ...],
    target: Target,
    order: Order,
) -> Group:
    """Return the tenants of one state, with the canary that is to go ahead.

    One that nobody asked for is as its migrations make it, where there is such a one.
    """
    from_rev, expected = known
    candidates = by_fitness(tenants, order)
    found = scripts.read(one.schema_name for one in candidates)
    marks = {name: scripts.fingerprint(script) for name, script in found.items()}
    expected = expected or Counter(marks.values()).most_common(1)[0][0]
    sound = [one for one in candidates if marks[one.schema_name] == expected]
    canary = candidates[0] if is_asked_for(candidates[0], order) else None
    canary = canary or (sound or candidates)[0]
    others = [one for one in tenants if one.uuid != canary.uuid]
    drifted = "" if canary in sound and word != reading.NOTHING else DRIFTED
    return Group(
        word,
        from_rev,
        found[canary.schema_name],
        marks[canary.schema_name],
        pending,
        drifted or judging.obstacle(target.nodes(pending)),
        (canary, *sorted(others, key=in_turn)),
        is_asked_for(canary, order),
    )


def in_turn(tenant: TenantInfo) -> tuple[bool, str]:
    """Return what sorts tenants: by slug, stopped ones last."""
    return (not states.is_open(tenant.state), tenant.slug)


def by_fitness(tenants: Sequence[TenantInfo], order: Order) -> list[TenantInfo]:
    """Return some that may be the canary: the named, the marked, the smallest.

    One that is stopped goes last (FLT-5), unless it is named.
    """
    rows: dict[str, int] = {}
    for part in scripts.parts(tenants):
        names = [tenant.schema_name for tenant in part]
        with connection.cursor() as cursor:
            rows |= dict(cursor.execute(ROWS, [names]).fetchall())
    marked = marked_canaries()

    def fitness(tenant: TenantInfo) -> tuple[object, ...]:
        return (
            tenant.uuid != order.canary,
            not states.is_open(tenant.state),
            tenant.uuid not in marked,
            rows.get(tenant.schema_name, 0),
            tenant.slug,
        )

    return sorted(tenants, key=fitness)[:CANDIDATES]


def marked_canaries() -> set[UUID]:
    canaries = Tenant.objects.filter(is_canary=True)
    return set(canaries.values_list("uuid", flat=True))


def is_asked_for(tenant: TenantInfo, order: Order) -> bool:
    """Tell whether somebody chose this canary."""
    return tenant.uuid == order.canary or tenant.uuid in marked_canaries()


def require_canary(groups: Iterable[Group], order: Order) -> None:
    members = {tenant.uuid for group in groups for tenant in group.members}
    if order.canary is not None and members and order.canary not in members:
        raise CanaryUnfit

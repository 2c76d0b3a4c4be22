"""What roles may do in a tenant's schema: what the catalog says, and what is due."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from tenants import roles, states
from tenants.context import TenantInfo
from tenants.fleet import scripts

WORDS: Final = scripts.HERE.joinpath("acl_words.sql").read_text("utf-8")
RIGHTS: Final = scripts.HERE.joinpath("rights.sql").read_text("utf-8")

#: A relation, and what its tenant may do with it.
OnRelation = tuple[str, str]


class Right(NamedTuple):
    """What a role may do with one relation; without a name, with the schema itself."""

    relation: str
    role: str
    words: str


def found(schemas: Iterable[str]) -> dict[str, frozenset[Right]]:
    """Return the rights in each schema that are not its owner's, in one statement."""
    names = list(schemas)
    rights: dict[str, set[Right]] = {name: set() for name in names}
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"schemas": names})
        for schema, *right in cursor.fetchall():
            rights[schema].add(Right(*right))
    return {name: frozenset(held) for name, held in rights.items()}


def right(tenants: Sequence[TenantInfo], relations: Sequence[OnRelation]) -> set[UUID]:
    """Return the tenants whose roles may do what is due, and nobody else anything.

    Two statements: the lists of most schemas are alike but for the name of the role,
    so one of each kind is looked at closely.
    """
    kinds: dict[tuple[str, bool], list[TenantInfo]] = defaultdict(list)
    written = words(tenants)
    for tenant in tenants:
        word = written.get(tenant.schema_name, "")
        kinds[word, states.is_open(tenant.state)].append(tenant)
    held = found(alike[0].schema_name for alike in kinds.values())
    return {
        tenant.uuid
        for alike in kinds.values()
        if held[alike[0].schema_name] == due(alike[0], relations)
        for tenant in alike
    }


def words(tenants: Sequence[TenantInfo]) -> dict[str, str]:
    """Return a word for the lists of rights in each schema, in one statement."""
    values = {
        "schemas": [tenant.schema_name for tenant in tenants],
        "roles": [tenant.db_role for tenant in tenants],
    }
    with connection.cursor() as cursor:
        return dict(cursor.execute(WORDS, values).fetchall())


def due(tenant: TenantInfo, relations: Iterable[OnRelation]) -> frozenset[Right]:
    """Return what the tenant's role, and nobody else, has to be able to do."""
    if roles.may_only_read(tenant):
        relations = map(_read_only, relations)
    rights = {Right(name, tenant.db_role, words) for name, words in relations}
    if states.is_open(tenant.state):
        rights.add(Right("", tenant.db_role, "USAGE"))
    return frozenset(rights)


def _read_only(relation: OnRelation) -> OnRelation:
    """Return what a state that may only read leaves of the rights on a relation."""
    name, words = relation
    left = {roles.READING, *roles.ON_SEQUENCES, *roles.access().get(name, ())}
    return name, ", ".join(word for word in words.split(", ") if word in left)


def on_relations(script: scripts.Script) -> list[OnRelation]:
    """Return each relation of a script with what its tenant may do with it."""
    return list(_on_relations(script))


def _on_relations(script: scripts.Script) -> Iterator[OnRelation]:
    lacking = dict(roles.protected())
    for line in script:
        if line.place == scripts.TABLE:
            taken = set(lacking.get(line.name, "").split(", "))
            yield line.name, ", ".join(sorted(set(roles.ON_TABLES) - taken))
            for sequence in scripts.sequences_of(line):
                yield sequence, ", ".join(sorted(roles.ON_SEQUENCES))

"""What a migration of a tenant's app may not do, before it meets a thousand schemas.

Old and new code run side by side while a fleet is migrated: first a release adds
(expand), a later one takes away what nobody uses any more (contract). A migration that
takes away says so, and names the release that stopped using it:

    class Migration(migrations.Migration):
        contract = True
        unused_since = "1.4"

The other rules keep the way to several servers open, and replays possible.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection, models
from django.db.migrations import Migration, RunSQL
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.fleet import judging
from tenants.fleet.reading import Key

TAKES_AWAY: Final = (
    ops.RemoveField,
    ops.DeleteModel,
    ops.RenameField,
    ops.RenameModel,
    ops.AlterModelTable,
)
SIZES: Final = ("max_length", "max_digits", "decimal_places")
ADD_CONSTRAINT: Final = re.compile(r"\bADD\s+CONSTRAINT\b", re.IGNORECASE)
RENAME_CONSTRAINT: Final = re.compile(r"\bRENAME\s+CONSTRAINT\b", re.IGNORECASE)
FOREIGN_THINGS: Final = re.compile(
    r"\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|TRIGGER|(MATERIALIZED\s+)?VIEW|RULE|TYPE"
    r"|DOMAIN|PROCEDURE|SEQUENCE|POLICY)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a migration does that it may not, and what to do instead."""

    migration: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.text} ({self.rule})"


def findings(loader: MigrationLoader | None = None) -> list[Finding]:
    """Return what is wrong with the migrations of the tenants' own apps.

    Those of others, such as Django's, are as they are; the settings name the last of
    each app that is older than the lint.
    """
    loader = loader or MigrationLoader(None, ignore_no_migrations=True)
    graph: Any = loader.graph
    state = ProjectState(real_apps=loader.unmigrated_apps)
    found: list[Finding] = []
    for key in in_order(graph):
        migration = graph.nodes[key]
        if is_linted(migration):
            found += of_migration(migration, state.clone())
        migration.mutate_state(state, preserve=False)
    return found


def in_order(graph: Any) -> list[Key]:
    """Return all migrations in an order in which they may run."""
    found: dict[Key, None] = {}
    for leaf in graph.leaf_nodes():
        found.update(dict.fromkeys(graph.forwards_plan(leaf)))
    return list(found)


def is_linted(migration: Migration) -> bool:
    """Tell whether a migration is of a tenant's app of ours, and young enough."""
    before = getattr(settings, "TENANT_MIGRATIONS_BEFORE_LINT", {})
    return (
        judging.concerns_tenants(migration)
        and not type(migration).__module__.startswith("django.")
        and migration.name[:4] > before.get(migration.app_label, "")
    )


def of_migration(migration: Migration, state: ProjectState) -> Iterator[Finding]:
    """Yield what is wrong with one migration; the state is the one before it."""
    name = f"{migration.app_label}.{migration.name}"
    is_contract = bool(getattr(migration, "contract", False))
    if is_contract and not getattr(migration, "unused_since", ""):
        yield Finding(name, "contract", "name the release in `unused_since`")
    made: set[str] = set()
    for operation in flat(migration.operations):
        if judging.is_for_tenants(operation):
            for rule, text in of_operation(
                operation, migration.app_label, state, made, is_contract=is_contract
            ):
                yield Finding(name, rule, text)
        if isinstance(operation, ops.CreateModel):
            made.add(operation.name_lower)
        operation.state_forwards(migration.app_label, state)


def flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the operations that reach the database, and the states beside them."""
    for operation in operations:
        if isinstance(operation, ops.SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def of_operation(
    operation: Operation,
    label: str,
    state: ProjectState,
    made: set[str],
    *,
    is_contract: bool,
) -> Iterator[tuple[str, str]]:
    """Yield the rules that an operation breaks; a table made just now has no rows."""
    model = getattr(operation, "model_name_lower", None)
    if isinstance(operation, TAKES_AWAY) and not is_contract:
        words = f"{operation.describe()}: code that still runs may use it"
        yield "FLT-3", f"{words}; set `contract = True` and `unused_since`"
    elif isinstance(operation, ops.AddField) and model not in made:
        yield from of_new_field(operation)
    elif isinstance(operation, ops.AlterField) and model not in made:
        yield from of_changed_field(operation, label, state, is_contract=is_contract)
    elif isinstance(operation, RunSQL):
        yield from of_sql(operation)


def of_new_field(operation: ops.AddField) -> Iterator[tuple[str, str]]:
    field: Any = operation.field
    name = f"{operation.model_name}.{operation.name}"
    if isinstance(field, models.ManyToManyField):
        return
    if not field.null and not has_database_default(field):
        yield (
            "FLT-3",
            f"{name} is not null and has no db_default: old code leaves it out",
        )
    if is_identity(field):
        yield (
            "11.2",
            f"{name} makes an identity of a table that is there: make a new one",
        )
    if field.get_internal_type() in connection.data_type_check_constraints:
        words = "has a check without a name in ADD COLUMN: add it by AddConstraint"
        yield "11.2", f"{name} {words}"


def has_database_default(field: Any) -> bool:
    return field.has_db_default() or getattr(field, "generated", False)


def is_identity(field: Any) -> bool:
    return isinstance(
        field, models.AutoField | models.BigAutoField | models.SmallAutoField
    )


def of_changed_field(
    operation: ops.AlterField, label: str, state: ProjectState, *, is_contract: bool
) -> Iterator[tuple[str, str]]:
    before: Any = state.models[label, operation.model_name_lower].fields[operation.name]
    after: Any = operation.field
    name = f"{operation.model_name}.{operation.name}"
    if is_identity(after) and column(before) != column(after):
        yield "11.2", f"{name} changes an identity column: make a new table"
    elif column(before) != column(after) and not (
        is_contract or is_wider(before, after)
    ):
        yield "FLT-3", f"{name} changes its type: add another column"
    if before.null and not after.null and not is_contract:
        yield "FLT-3", f"{name} takes no null any more: old code may write one"


def column(field: Any) -> tuple[Any, ...]:
    """Return what tells one type of column from another."""
    if field.remote_field is not None:
        return ("relation", str(field.remote_field.model).lower())
    sizes = (getattr(field, name, None) for name in SIZES)
    return (field.get_internal_type(), *sizes)


def is_wider(before: Any, after: Any) -> bool:
    """Tell whether a text only becomes longer, which rewrites nothing."""
    if before.get_internal_type() != after.get_internal_type() or not before.max_length:
        return False
    return after.max_length is None or after.max_length >= before.max_length


def of_sql(operation: RunSQL) -> Iterator[tuple[str, str]]:
    if judging.has_several(operation.sql):
        yield "11.2", "RunSQL with several statements: make it a list of single ones"
    for text in texts(operation.sql):
        if RENAME_CONSTRAINT.search(text):
            yield "11.2", "RENAME CONSTRAINT: drop it and add another"
        if len(ADD_CONSTRAINT.findall(text)) > 1:
            yield "11.2", "several ADD CONSTRAINT in one ALTER TABLE: one each"
        if FOREIGN_THINGS.search(text):
            yield "DB-10", "a tenant's schema holds tables and indexes, nothing else"


def texts(sql: Any) -> Iterator[str]:
    for part in [sql] if isinstance(sql, str) else sql:
        yield part if isinstance(part, str) else part[0]

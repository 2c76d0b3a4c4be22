"""Migrations run in each new schema, and Django's states of them are made once.

After each operation Django makes the classes of many models anew, which is four fifths
of a provisioning. They are the same whichever schema is migrated; every statement is
made and sent as ever, and every function of a migration is called.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.transaction import atomic

Path = tuple[type[Migration], ...]


@dataclass
class States:
    """The states after each operation, by the migrations that came before."""

    known: dict[Path, list[ProjectState]] = field(default_factory=dict)
    lock: Any = field(default_factory=Lock)

    def path(self, state: ProjectState) -> Path | None:
        """Return what led to a state from nothing; None where that is not known."""
        return getattr(state, "path", None if state.models else ())

    def around(
        self, migration: Migration, begin: ProjectState, path: Path
    ) -> Iterator[tuple[Operation, ProjectState, ProjectState]]:
        """Yield each operation with the state before it and the state after it."""
        with self.lock:
            states = self.known.setdefault((*path, type(migration)), [begin.clone()])
        for number, operation in enumerate(migration.operations):
            with self.lock:
                if len(states) == number + 1:
                    states.append(states[number].clone())
                    operation.state_forwards(migration.app_label, states[-1])
            yield operation, states[number], states[number + 1]

    def after(self, path: Path) -> ProjectState:
        state = self.known[path][-1].clone()
        state.path = path
        return state


STATES = States()
in_djangos_way = Migration.apply


def apply(
    migration: Migration,
    state: ProjectState,
    schema_editor: Any,
    collect_sql: bool = False,  # noqa: FBT001, FBT002 - Django's signature
) -> ProjectState:
    """Stand for `Migration.apply`, where all began in an empty schema."""
    path = STATES.path(state)
    if path is None or collect_sql:
        return in_djangos_way(migration, state, schema_editor, collect_sql)
    for operation, before, after in STATES.around(migration, state, path):
        run(migration, operation, schema_editor, before, after)
    return STATES.after((*path, type(migration)))


def run(
    migration: Migration,
    operation: Operation,
    schema_editor: Any,
    before: ProjectState,
    after: ProjectState,
) -> None:
    words = (migration.app_label, schema_editor, before, after)
    is_alone = operation.atomic or (migration.atomic and operation.atomic is not False)
    if is_alone and not schema_editor.atomic_migration:
        with atomic(schema_editor.connection.alias):
            operation.database_forwards(*words)
    else:
        operation.database_forwards(*words)


def remember() -> None:
    """Let Django ask for a state that was made before."""
    Migration.apply = apply

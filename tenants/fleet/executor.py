"""Django's own executor, on one schema after another.

The graph and the project's state are built once a process for each state that a schema
may be in, and the migrations of a schema run in a transaction each, with their row in
the schema's own table; the last one's holds all else that must be true afterwards.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.contrib.contenttypes.models import ContentType
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from tenants.context import ENDLESS_MS, current_tenant
from tenants.fleet import building, judging, numbering
from tenants.fleet.numbering import Numbers
from tenants.fleet.owning import bare
from tenants.fleet.recording import Notes, recording


class FleetExecutor(MigrationExecutor):
    """Runs one way of migrations, in as many schemas as are in its first state.

    Made while a schema in that state is entered.
    """

    def __init__(self) -> None:
        super().__init__(connection)
        self.loader.check_consistent_history(connection)
        self.way = self.migration_plan(self.loader.graph.leaf_nodes())
        # Django's stubs leave out what is not public.
        self._own = cast("Any", self)
        self._before = self._own._create_project_state(with_applied_migrations=True)  # noqa: SLF001 - as `migrate` does
        # Django adds to the operations here what follows from a model's new name.
        emit_pre_migrate_signal(
            verbosity=0,
            interactive=False,
            db=connection.alias,
            stdout=io.StringIO(),
            apps=self._before.apps,
            plan=self.way,
        )
        self.notes = Notes()
        self.finish: Callable[[], object] = bool
        self.build_lock_timeout_ms = ENDLESS_MS
        self.numbers: Numbers = {}

    @property
    def migrations(self) -> list[Migration]:
        return [migration for migration, _is_backwards in self.way]

    @property
    def obstacle(self) -> str:
        """Return why these migrations cannot be replayed, empty where they can."""
        return judging.obstacle(self.migrations)

    def run(
        self,
        *,
        finish: Callable[[], object],
        numbers: Numbers,
        notes: Notes | None = None,
        build_lock_timeout_ms: int,
    ) -> None:
        """Migrate the entered schema; `finish` runs in the last transaction.

        New rows get the template's numbers. What is sent is written into the notes.
        Locks are waited for as long as the entered context says, and for what is
        built beside the work `build_lock_timeout_ms`.
        """
        self.notes = Notes() if notes is None else notes
        self.finish, self.numbers = finish, numbers
        self.build_lock_timeout_ms = build_lock_timeout_ms
        if not self.way:
            with transaction.atomic():
                finish()
            return
        if not self.loader.applied_migrations:
            # Remembered of the schema before, whose table this one still lacks.
            self._own.recorder._has_table = False  # noqa: SLF001 - Django asks once for each recorder
        with recording(self.notes):
            # Not the plan's own list, which what is sent must not change.
            self.migrate(None, plan=list(self.way), state=self._before.clone())

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,  # noqa: ARG002, FBT001, FBT002 - Django's signature
        fake_initial: bool = False,  # noqa: ARG002, FBT001, FBT002 - as above
    ) -> ProjectState:
        """Run one migration with its row; what is not atomic has its row behind it."""
        if migration.atomic:
            with transaction.atomic():
                state = self.operate(state, migration)
                self.close(state, migration)
            return state
        with self.patiently(migration):
            with self.named(migration):
                building.clear_up(migration)
            state = self.operate(state, migration)
        with transaction.atomic():
            self.close(state, migration)
        return state

    @contextmanager
    def patiently(self, migration: Migration) -> Iterator[None]:
        """Wait longer for locks where the migration keeps nobody waiting meanwhile."""
        if not building.is_beside_the_work(migration):
            yield
            return
        with bare(current_tenant(), lock_timeout_ms=self.build_lock_timeout_ms):
            yield

    def operate(self, state: ProjectState, migration: Migration) -> ProjectState:
        with (
            self.named(migration),
            connection.schema_editor(atomic=migration.atomic) as editor,
        ):
            return migration.apply(state, editor)

    @contextmanager
    def named(self, migration: Migration) -> Iterator[None]:
        """Have the notes say which migration a statement is of."""
        self.notes.migration = f"{migration.app_label}.{migration.name}"
        self.notes.sent = 0
        yield
        # After an error the notes go on saying where it was.
        self.notes.migration = ""

    def close(self, state: ProjectState, migration: Migration) -> None:
        """Write the migration's row; after the last, all that belongs to the end."""
        self._own.record_migration(migration)
        if migration is self.migrations[-1]:
            self.notes.lacking = numbering.missing(self.numbers)
            numbering.bring(self.numbers)
            self.tell_receivers(state)
            self.finish()

    def tell_receivers(self, state: ProjectState) -> None:
        """Have content types and permissions made, as Django does after migrating."""
        # A class of a former state keeps keys of another schema.
        ContentType.objects.clear_cache()
        state.clear_delayed_apps_cache()
        if ("contenttypes", "contenttype") in state.models:
            kinds: Any = state.apps.get_model("contenttypes", "ContentType")
            kinds.objects.clear_cache()
        emit_post_migrate_signal(
            verbosity=0,
            interactive=False,
            db=connection.alias,
            stdout=io.StringIO(),
            apps=state.apps,
            plan=self.way,
        )

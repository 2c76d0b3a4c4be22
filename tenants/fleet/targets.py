"""Where every schema has to arrive: the migrations that the code has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tenants.context import use_control
from tenants.fleet import reading, revisions, rights, scripts
from tenants.fleet.reading import Key
from tenants.fleet.rights import OnRelation
from tenants.models import SchemaTemplate


@dataclass(frozen=True)
class Target:
    """The code's migrations, and its template where one is compiled."""

    template: SchemaTemplate | None

    @cached_property
    def loader(self) -> MigrationLoader:
        """Return Django's graph, as of a schema in which nothing ran."""
        return MigrationLoader(None, ignore_no_migrations=True)

    @cached_property
    def way(self) -> tuple[Key, ...]:
        """Return all migrations in an order in which they may run."""
        graph: Any = self.loader.graph
        found: dict[Key, None] = {}
        for leaf in graph.leaf_nodes():
            found.update(dict.fromkeys(graph.forwards_plan(leaf)))
        return tuple(found)

    @cached_property
    def word(self) -> str:
        """Return the word of a schema that has arrived."""
        return reading.word_of(self.template.migrations if self.template else self.way)

    @property
    def revision(self) -> str:
        return revisions.of_code()

    @cached_property
    def relations(self) -> Sequence[OnRelation]:
        if self.template is None:
            return ()
        return rights.on_relations(scripts.kept(self.template.script))

    def pending(self, applied: Iterable[Key]) -> tuple[Key, ...]:
        """Return what is to run where these ran, in its order."""
        ran = set(applied)
        replaced = {
            key
            for key, squashed in self.loader.replacements.items()
            if ran.issuperset(squashed.replaces)
        }
        return tuple(key for key in self.way if key not in ran | replaced)

    def nodes(self, keys: Iterable[Key]) -> list[Migration]:
        """Return the migrations of these names."""
        graph: Any = self.loader.graph
        return [graph.nodes[key] for key in keys]


def pending_in_control() -> tuple[Key, ...]:
    """Return the migrations that are not written down in the control plane.

    Those of tenants' apps are written down there too, though they do nothing.
    """
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        ran: set[Key] = set()
        if cursor.fetchone()[0]:
            cursor.execute("SELECT app, name FROM django_migrations")
            ran.update(cursor.fetchall())
    return Target(None).pending(ran)

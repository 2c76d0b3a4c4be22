"""Where every schema has to arrive: the migrations that the code has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tenants.context import use_control
from tenants.errors import FleetAhead
from tenants.fleet import reading, revisions, rights, scripts
from tenants.fleet.reading import Key
from tenants.fleet.rights import OnRelation
from tenants.models import SchemaTemplate

#: How Django's `squashmigrations` names the last of those that it put together.
SQUASHED: Final = "_squashed_"


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
        ran.update(self.squashed(ran))
        return tuple(key for key in self.way if key not in ran)

    def squashed(self, applied: Iterable[Key]) -> list[Key]:
        """Return what ran in parts, and is not written down as a whole yet."""
        ran = set(applied)
        return [
            key
            for key, squashed in self.loader.replacements.items()
            if key not in ran and ran.issuperset(squashed.replaces)
        ]

    def newer(self, applied: Iterable[Key]) -> list[Key]:
        """Return what ran there that this code does not have yet: of a newer release.

        What is left of an app or of migrations that the code has no more is none,
        and neither is what was squashed.
        """
        last: dict[str, str] = {}
        for (app, name), migration in self.loader.disk_migrations.items():
            # `0001_squashed_0007_more` reaches as far as `0007_more` did.
            reached = [(app, name), (app, name.rpartition(SQUASHED)[2])]
            for label, one in (*reached, *migration.replaces):
                last[label] = max(one, last.get(label, ""))
        return [key for key in applied if key[0] in last and key[1] > last[key[0]]]

    def nodes(self, keys: Iterable[Key]) -> list[Migration]:
        """Return the migrations of these names."""
        graph: Any = self.loader.graph
        return [graph.nodes[key] for key in keys]


def of_control() -> set[Key]:
    """Return the migrations that ran in the control plane.

    Those of tenants' apps are written down there too, though they do nothing.
    """
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return set()
        cursor.execute("SELECT app, name FROM django_migrations")
        return set(cursor.fetchall())


class Due(NamedTuple):
    """The migrations that are to run, and those that ran in parts: to be noted."""

    pending: tuple[Key, ...]
    squashed: tuple[Key, ...]


def due_in_control() -> Due:
    """Return what the control plane lacks.

    Raises FleetAhead where it is of a newer release.
    """
    target, ran = Target(None), of_control()
    for app, name in target.newer(ran):
        raise FleetAhead(
            f"The control plane is of a newer release: {app}.{name} ran there."
        )
    return Due(target.pending(ran), tuple(target.squashed(ran)))

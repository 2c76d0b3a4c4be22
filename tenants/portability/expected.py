"""Which tables a tenant has after some migrations: the code tells, and no database.

So an archive is compared with its release before anything is made for it.
"""

from collections.abc import Iterable
from typing import Final

from django.db.migrations.exceptions import NodeNotFoundError
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from tenants.db.router import labels
from tenants.portability.errors import ArchiveNewer, ArchiveShape
from tenants.portability.manifest import Manifest
from tenants.portability.policies import MIGRATIONS
from tenants.portability.reading import Archive

Node = tuple[str, str]
OTHER_RECORD: Final = "The rows tell of other migrations than the manifest."
RECORDED: Final = frozenset({"id", "app", "name", "applied"})


def require_known(manifest: Manifest) -> None:
    """Require that the code made, or can make, the tables of the archive.

    Raises ArchiveNewer where it has a migration that is unknown here, and ArchiveShape
    where the tables are not those of its migrations.
    """
    applied = set(manifest.migrations)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    require_migrations(applied, loader)
    require_tables(manifest, tables(applied, loader))


def require_migrations(applied: set[Node], loader: MigrationLoader) -> None:
    """Require that each migration is ours, with all that it stands on."""
    own = labels("tenant") | labels("control")
    for node in sorted(applied):
        if node not in loader.disk_migrations or node[0] not in own:
            raise ArchiveNewer(f"The migration {node[0]}.{node[1]} is unknown here.")
    here = labels("tenant")
    for node in sorted(applied):
        for needed in needs(node, loader):
            if needed[0] in here and needed not in applied:
                raise ArchiveShape(
                    f"The migration {node[0]}.{node[1]} stands on one that is missing."
                )


def require_recorded(archive: Archive) -> None:
    """Require that the rows tell of the migrations that the manifest names, once each.

    The tables are made by the manifest, and later migrations go by the rows.
    Raises ArchiveShape, and what reading raises.
    """
    parts = {part.name: part for part in archive.manifest.tables}
    part = parts[MIGRATIONS]
    # Names of Python have nothing that is written otherwise in a line.
    due = {f"{app}\t{name}".encode() for app, name in archive.manifest.migrations}
    for line in archive.lines(part):
        row = dict(zip(part.columns, line.rstrip(b"\n").split(b"\t"), strict=False))
        found = row.get("app", b"") + b"\t" + row.get("name", b"")
        if found not in due:
            raise ArchiveShape(OTHER_RECORD)
        due.remove(found)
    if due:
        raise ArchiveShape(OTHER_RECORD)


def needs(node: Node, loader: MigrationLoader) -> Iterable[Node]:
    try:
        plan: list[Node] = loader.graph.forwards_plan(node)
    except NodeNotFoundError as error:
        raise ArchiveNewer(f"The migration {node[0]}.{node[1]} is unknown.") from error
    return plan


def tables(applied: set[Node], loader: MigrationLoader) -> dict[str, frozenset[str]]:
    """Return the columns of each table that these migrations make."""
    state = loader.project_state(sorted(applied))
    found = {MIGRATIONS: RECORDED}
    for model in state.apps.get_models(include_auto_created=True):
        if model._meta.app_label in labels("tenant"):  # noqa: SLF001 - Django's public way
            found |= table(model)
    return found


def table(model: type[Model]) -> dict[str, frozenset[str]]:
    meta = model._meta  # noqa: SLF001 - as above
    if not meta.managed or meta.proxy:
        return {}
    columns = (
        str(column.column)
        for column in meta.local_concrete_fields
        if not getattr(column, "generated", False)
    )
    return {meta.db_table: frozenset(columns)}


def require_tables(manifest: Manifest, due: dict[str, frozenset[str]]) -> None:
    """Require exactly the tables and columns that are due. Raises ArchiveShape."""
    found = {part.name: part.columns for part in manifest.tables}
    for name in sorted(set(found) | set(due)):
        if name not in due:
            raise ArchiveShape(f"The table {name} is none of its release.")
        if name not in found:
            raise ArchiveShape(f"The table {name} is missing.")
        columns = found[name]
        if len(set(columns)) != len(columns) or set(columns) != due[name]:
            raise ArchiveShape(f"The columns of {name} are not those of its release.")

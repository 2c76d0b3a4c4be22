"""Fill a tenant's empty tables from an archive, in one transaction."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from django.db import Error, connection, transaction
from psycopg import sql

from kernel.translation import sqlstate
from tenants.context import TenantInfo, as_owner, use
from tenants.fleet.seeds import filled
from tenants.portability import catalog, copying, policies
from tenants.portability.catalog import Table
from tenants.portability.errors import ArchiveShape
from tenants.portability.manifest import SequencePart, TablePart
from tenants.portability.policies import Keep, Kind, Policy
from tenants.portability.progress import SILENT, Said
from tenants.portability.reading import Archive
from tenants.portability.rows import shape

SET: Final = sql.SQL("setval({}, {}, {})")


def load(
    archive: Archive,
    tenant: TenantInfo,
    *,
    keep: Keep,
    uuid: UUID,
    said: Said = SILENT,
) -> int:
    """Fill the tables; return the number of rows.

    What the schema begins with goes, and what stood there before. `uuid` is whose the
    rows shall be. Raises ArchiveShape where a table, a row or a sequence does not fit,
    and ArchiveDamaged; then nothing was written.
    """
    try:
        with use(as_owner(tenant)), transaction.atomic():
            return _load(archive, keep=keep, uuid=uuid, said=said)
    except Error as error:
        # The server's own words quote the row, and neither log nor record shall.
        raise ArchiveShape(f"PostgreSQL refuses a row ({sqlstate(error)}).") from None


def _load(archive: Archive, *, keep: Keep, uuid: UUID, said: Said) -> int:
    parts = {part.name: part for part in archive.manifest.tables}
    tables = catalog.in_order(catalog.tables())
    require_alike(tables, parts)
    empty(tables)
    former = archive.manifest.tenant.uuid
    uuids = None if former == uuid else (former, uuid)
    declared = policies.by_table()
    due: dict[str, int] = {}
    for done, table in enumerate(tables):
        part = parts[table.name]
        policy = declared.get(table.name, Policy(Kind(part.policy)))
        if part.rows and policy.kind in keep.kinds:
            said(table.name, done, len(tables))
            fill(archive, table, part, policy, keep=keep, uuids=uuids)
            due[table.name] = part.rows
    if catalog.counted(due) != due:
        raise ArchiveShape("Not every row of the archive is one of a table.")
    set_sequences(archive.sequences())
    return sum(due.values())


def require_alike(tables: Sequence[Table], parts: dict[str, TablePart]) -> None:
    """Compare the tables that were made with those of the archive, once more."""
    there = {table.name: set(table.columns) for table in tables}
    if there != {name: set(part.columns) for name, part in parts.items()}:
        raise ArchiveShape


def empty(tables: Sequence[Table]) -> None:
    """Delete what stands in the tables: the first rows, which the archive has too."""
    with connection.cursor() as cursor:
        for name in filled([table.name for table in tables], cursor):
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))


def fill(
    archive: Archive,
    table: Table,
    part: TablePart,
    policy: Policy,
    *,
    keep: Keep,
    uuids: tuple[UUID, UUID] | None,
) -> None:
    """Fill one table, in the order of columns that the archive has."""
    own = Table(table.name, part.columns, table.key)
    shaped = shape(own, policy, has_secrets=keep.has_credentials, uuids=uuids)
    blocks: Iterator[bytes]
    blocks = map(shaped, archive.lines(part)) if shaped else archive.blocks(part)
    copying.into(table, part.columns, blocks)


def set_sequences(counts: dict[str, SequencePart]) -> None:
    """Let each sequence go on from where it stood, in one statement."""
    if set(counts) != set(catalog.sequences()):
        raise ArchiveShape("The sequences of the archive are not those of its release.")
    each = [
        SET.format(name, count.last, count.is_called)
        for name, count in ((quoted(name), count) for name, count in counts.items())
    ]
    if each:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(each)))


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)

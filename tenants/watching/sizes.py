"""How much room a tenant takes, asked of the catalog and of the storage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.files.storage import Storage, default_storage
from django.db import connection
from psycopg import sql

from tenants.context import TenantInfo, use, use_control

TABLES: Final = """
SELECT c.relname, pg_total_relation_size(c.oid), c.reltuples::bigint
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(%s)
"""
COUNT: Final = sql.SQL("SELECT count(*) FROM {}")
TOGETHER: Final = sql.SQL("SELECT sum(count)::bigint FROM ({}) AS counted")


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of tables with their indexes, rows as the planner guesses, and files."""

    table_bytes: int
    rows_about: int
    files: int
    file_bytes: int


def of(tenant: TenantInfo) -> Size:
    """Return the size of a tenant; its files are listed, so this may take a while."""
    with use_control(), connection.cursor() as cursor:
        found = cursor.execute(TABLES, [tenant.schema_name]).fetchall()
        unknown = [name for name, _bytes, rows in found if rows < 0]
        rows = counted(tenant.schema_name, unknown)
    with use(tenant):
        sizes = [default_storage.size(name) for name in names(default_storage)]
    return Size(
        table_bytes=sum(size for _name, size, _rows in found),
        rows_about=rows + sum(max(rows, 0) for _name, _bytes, rows in found),
        files=len(sizes),
        file_bytes=sum(sizes),
    )


def counted(schema: str, tables: Sequence[str]) -> int:
    """Return how many rows tables have; needs the control context.

    For those that nobody has analysed yet: autovacuum does so after some fifty rows.
    """
    if not tables:
        return 0
    each = [COUNT.format(sql.Identifier(schema, table)) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(TOGETHER.format(sql.SQL(" UNION ALL ").join(each)))
        return int(cursor.fetchone()[0])


def names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Yield the names of all files of the entered tenant."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}".lstrip("/")
    for name in folders:
        yield from names(storage, f"{folder}/{name}".lstrip("/"))

"""How much room a tenant takes, asked of the catalog and of the storage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.core.files.storage import Storage, default_storage
from django.db import connection

from tenants.context import TenantInfo, use, use_control

TABLES: Final = """
SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0)::bigint,
       COALESCE(sum(GREATEST(c.reltuples, 0)), 0)::bigint
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(%s)
"""


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
        cursor.execute(TABLES, [tenant.schema_name])
        table_bytes, rows = cursor.fetchone()
    with use(tenant):
        sizes = [default_storage.size(name) for name in names(default_storage)]
    return Size(table_bytes, rows, len(sizes), sum(sizes))


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

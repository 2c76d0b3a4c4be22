"""Indexes that would keep a large table from being written to while they are built.

A plain AddIndex locks its table against every write until the index is there; on a
large one it belongs into a migration of its own, by AddIndexConcurrently.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations import operations as ops

from tenants.context import use_control
from tenants.fleet import judging
from tenants.fleet.groups import Group
from tenants.fleet.targets import Target

LARGE: Final = """
SELECT c.relname, count(*), max(pg_table_size(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s) AND c.relname = ANY(%s)
    AND pg_table_size(c.oid) > %s
GROUP BY 1
"""


def warnings(group: Group, target: Target) -> list[str]:
    """Return what a group's way would lock for long, in words; nothing is entered."""
    wanted = {
        table: name
        for migration in target.nodes(group.pending)
        if judging.concerns_tenants(migration)
        for table, name in plain_indexes(migration)
    }
    if not wanted:
        return []
    schemas = [tenant.schema_name for tenant in group.members]
    with use_control(), connection.cursor() as cursor:
        bound = settings.TENANT_INDEX_BOUND_BYTES
        cursor.execute(LARGE, [schemas, list(wanted), bound])
        found = cursor.fetchall()
    return [
        f"{wanted[table]} locks {table}, which is large at {number} of"
        f" {len(schemas)} tenants, up to {size // 1_000_000} MB:"
        " use AddIndexConcurrently (FLT-4)"
        for table, number, size in sorted(found)
    ]


def plain_indexes(migration: Migration) -> Iterator[tuple[str, str]]:
    """Yield the table of each index that is built under a lock, and who builds it."""
    for operation in judging.operations(migration.operations):
        if isinstance(operation, AddIndexConcurrently):
            continue
        if isinstance(operation, ops.AddIndex):
            name = f"{migration.app_label}.{migration.name}"
            yield table_of(migration.app_label, operation.model_name), name


def table_of(label: str, model: str) -> str:
    """Return a model's table; one that the code no longer has had Django's name."""
    try:
        known: Any = apps.get_model(label, model)
    except LookupError:
        return f"{label}_{model}".lower()
    return str(known._meta.db_table)  # noqa: SLF001 - Django's public way to a table

"""Indexes that are built, or dropped, beside the work of a tenant, and what is left.

Such a build runs in no transaction. It waits for others twice and keeps nobody waiting;
one that is ended, by a kill or by its patience, leaves an index that is not valid.
"""

from typing import Final

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import connection
from django.db.migrations import Migration

from tenants.fleet import judging

DROP_INDEX: Final = "DROP INDEX CONCURRENTLY IF EXISTS {}"
BESIDE_THE_WORK: Final = (AddIndexConcurrently, RemoveIndexConcurrently)


def is_beside_the_work(migration: Migration) -> bool:
    """Tell whether all that a migration does keeps nobody waiting for its locks."""
    return all(
        isinstance(operation, BESIDE_THE_WORK)
        for operation in judging.operations(migration.operations)
    )


def clear_up(migration: Migration) -> None:
    """Drop what a broken try of a migration left of its indexes; valid ones as well.

    The migration has no row, so an index of its name is a former try's.
    """
    with connection.cursor() as cursor:
        for operation in judging.operations(migration.operations):
            if isinstance(operation, AddIndexConcurrently):
                name = connection.ops.quote_name(operation.index.name)
                cursor.execute(DROP_INDEX.format(name))

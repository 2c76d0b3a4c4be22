"""Which migrations may be replayed: those that do the same wherever they run."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import sqlparse
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from tenants.db.router import labels

#: Where the operations are that only change tables.
OF_TABLES: Final = ("django.db.migrations.operations.",)
#: How a migration, or an operation, says that it does nothing in an old schema.
MARK: Final = "replayable_no_op"


def obstacle(migrations: Iterable[Migration]) -> str:
    """Return why a way of migrations cannot be replayed, empty where it can."""
    for migration in migrations:
        if concerns_tenants(migration) and not getattr(migration, MARK, False):
            for words in objections(migration):
                return f"{migration.app_label}.{migration.name}: {words}"[:255]
    return ""


def objections(migration: Migration) -> Iterator[str]:
    if not migration.atomic:
        yield "it is not atomic"
    for operation in operations(migration.operations):
        if is_for_tenants(operation) and not is_marked(operation):
            yield from objection(operation)


def objection(operation: Operation) -> Iterator[str]:
    name = type(operation).__name__
    if isinstance(operation, RunPython):
        if operation.code is not RunPython.noop:
            yield "it runs Python"
    elif isinstance(operation, RunSQL):
        if has_several(operation.sql):
            yield "several statements in one"
    elif not type(operation).__module__.startswith(OF_TABLES):
        yield f"the operation {name} is not known to be one of tables alone"


def has_several(sql: Any) -> bool:
    """Tell whether a text of SQL, or one of a list of texts, has several statements."""
    texts = [sql] if isinstance(sql, str) else sql
    return any(
        len(sqlparse.split(text if isinstance(text, str) else text[0])) > 1
        for text in texts
    )


def operations(found: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the operations that reach the database."""
    for operation in found:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from operations(operation.database_operations)
        else:
            yield operation


def concerns_tenants(migration: Migration) -> bool:
    """Tell whether a migration does anything in a tenant's schema."""
    return migration.app_label in labels("tenant")


def is_for_tenants(operation: Any) -> bool:
    """Tell whether an operation of an app in both planes is for tenants as well."""
    return bool((getattr(operation, "hints", None) or {}).get("plane") != "control")


def is_marked(operation: Any) -> bool:
    hints = getattr(operation, "hints", None) or {}
    return bool(getattr(operation, MARK, False) or hints.get(MARK))

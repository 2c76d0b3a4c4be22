"""What Django's executor sends for a migration, written down with its values.

    with recording(notes):
        notes.migration = "leave.0002"      # set while its operations run
        ...
    notes.statements, notes.obstacle

What reads the catalog is left out: schemas of the same fingerprint answer it alike.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import sqlparse
from django.db import connection
from psycopg import ClientCursor

from tenants.context import current_tenant

READS: Final = re.compile(
    r"[\s(]*(SELECT|WITH|VALUES|TABLE|SHOW|EXPLAIN)\b", re.IGNORECASE
)
SOURCES: Final = re.compile(r'\b(?:FROM|JOIN)\s+("?[\w.]+"?)', re.IGNORECASE)
#: The savepoints of blocks within blocks; a replay is one block.
WITHIN: Final = re.compile(r"(RELEASE )?SAVEPOINT ")
OF_CATALOG: Final = re.compile(r'"?(pg_|information_schema)', re.IGNORECASE)
UNDONE: Final = re.compile(r"\s*ROLLBACK\b", re.IGNORECASE)
#: Names that only one tenant has, and the control plane's.
NAMES: Final = re.compile(
    r"\b[twr]_[a-z2-7]{12}\b|\bpublic\.|\b(search_path|current_schema|current_user)\b"
    r"|\bSET\s+(SESSION\s+|LOCAL\s+)?ROLE\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its values; the migration is empty for what goes along."""

    migration: str
    sql: str


@dataclass
class Notes:
    """What was recorded, and why it cannot be replayed, where that is so."""

    statements: list[Statement] = field(default_factory=list)
    obstacle: str = ""
    migration: str = ""
    #: How many statements the present migration has sent.
    sent: int = 0
    #: The rows of the template that the schema lacked.
    lacking: dict[str, Any] = field(default_factory=dict)

    def count(self, text: str) -> None:
        """Count a statement as it is numbered in a recipe."""
        is_own = not (WITHIN.match(text) or UNDONE.match(text) or is_of_catalog(text))
        self.sent += bool(self.migration) and is_own

    def take(self, text: str, params: Any, *, many: bool) -> None:
        """Write a statement down."""
        if not self.migration or WITHIN.match(text):
            return
        bound = text if params is None else bind(text, params)
        found = "many values at once" if many else objection(bound)
        if found:
            told = " ".join(bound.split())[:120]
            self.obstacle = self.obstacle or f"{self.migration}: {found}: {told}"
        if not is_of_catalog(bound):
            self.statements += [Statement(self.migration, one) for one in split(bound)]


def bind(text: str, params: Any) -> str:
    """Return a statement with its values in their places."""
    return ClientCursor(connection.connection).mogrify(text, params)


def objection(text: str) -> str:
    """Return why a statement cannot be another tenant's, empty where it can."""
    if READS.match(text) and not is_of_catalog(text):
        return "it reads data"
    if UNDONE.match(text):
        return "it took back what it had sent"
    if names_somebody(text):
        return "it names a schema or a role"
    return ""


def split(text: str) -> list[str]:
    """Return the statements of a text: Django sends some with their constraint's."""
    return [one.rstrip("; \n") for one in sqlparse.split(text) if one.strip("; \n")]


def names_somebody(text: str) -> bool:
    own = current_tenant().schema_name
    return not is_of_catalog(text) and (NAMES.search(text) is not None or own in text)


def is_of_catalog(text: str) -> bool:
    """Tell whether a statement reads what describes tables, and nothing else."""
    if not READS.match(text):
        return False
    sources = SOURCES.findall(text)
    return bool(sources) and all(OF_CATALOG.match(name) for name in sources)


@contextmanager
def recording(notes: Notes) -> Iterator[None]:
    """Write down what the connection sends in the block."""

    def wrapper(
        execute: Callable[..., Any], text: str, params: Any, many: Any, context: Any
    ) -> Any:
        notes.count(str(text))
        answer = execute(text, params, many, context)
        notes.take(str(text), params, many=bool(many))
        return answer

    with connection.execute_wrapper(wrapper):
        yield

"""One question to many tenants, without entering any.

A statement a tenant, and no waiting in between. Each is a transaction of its own, since
one for hundreds of tenants would want a lock for each table and index of them all.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from psycopg import ClientCursor, Cursor

from tenants.context import TenantInfo, use, use_control

logger = logging.getLogger(__name__)

#: Tenants whose statements travel together.
TOGETHER: Final = 200
#: What stands before the name of a table in what Django writes.
BEFORE_TABLE: Final = re.compile(r'\b(FROM|JOIN) "')
SCHEMA: Final = "{schema}"

Answer = tuple[TenantInfo, datetime | None]
Queries = Callable[[], Iterable[QuerySet[Any]]]


def each(tenants: Sequence[TenantInfo], of: str, queries: Queries) -> Iterator[Answer]:
    """Yield each tenant with the LEAST or GREATEST `of` what the queries find in it.

    Each query is one of Django's, for one row of one instant; `queries` is called in a
    tenant. A tenant that cannot be asked is logged and left out.
    """
    question = written(tenants[0], of, queries) if tenants else ""
    for i in range(0, len(tenants) if question else 0, TOGETHER):
        part = tenants[i : i + TOGETHER]
        try:
            answers = together(part, question)
        except DatabaseError:
            answers = [answer for one in part for answer in alone(one, question)]
        yield from answers


def written(tenant: TenantInfo, of: str, queries: Queries) -> str:
    """Return the question, with a place for the schema; empty where there is none."""
    with use(tenant):
        parts = [query.query.sql_with_params() for query in queries()]
        connection.ensure_connection()
        raw = ClientCursor(connection.connection)
        texts = [raw.mogrify(sql, values) for sql, values in parts]
    placed = (BEFORE_TABLE.sub(rf'\1 "{SCHEMA}"."', text) for text in texts)
    return f"SELECT {of}({', '.join(f'({text})' for text in placed)})" if texts else ""


@use_control()
def together(tenants: Sequence[TenantInfo], question: str) -> list[Answer]:
    """Ask all of them in one round trip. Raises DatabaseError where one cannot be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the connection is on the control plane from here
    raw, asked = connection.connection, []
    with connection.wrap_database_errors, raw.pipeline() as pipeline:
        for tenant in tenants:
            asked.append(Cursor(raw))
            asked[-1].execute(question.replace(SCHEMA, tenant.schema_name))
            pipeline.sync()
        rows = [cursor.fetchone() for cursor in asked]
    return [(t, row[0] if row else None) for t, row in zip(tenants, rows, strict=True)]


def alone(tenant: TenantInfo, question: str) -> list[Answer]:
    try:
        return together([tenant], question)
    except DatabaseError:
        logger.exception("questions.failed", extra={"for": str(tenant.uuid)})
        return []

"""When each of many tenants has work next, asked without entering any.

A statement a tenant, and no waiting in between. Each is a transaction of its own, since
one for hundreds of tenants would want a lock for each table and index of them all.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db import DatabaseError, connection
from psycopg import ClientCursor, Cursor

from tenants import sources
from tenants.context import TenantInfo, use, use_control

logger = logging.getLogger(__name__)

#: Tenants whose statements travel together.
TOGETHER: Final = 200
#: What stands before the name of a table in what Django writes.
BEFORE_TABLE: Final = re.compile(r'\b(FROM|JOIN) "')
SCHEMA: Final = "{schema}"

Due = tuple[TenantInfo, datetime | None]


def next_dues(tenants: Sequence[TenantInfo]) -> Iterator[Due]:
    """Yield each tenant with the instant at which it has work next, or None.

    A tenant that cannot be asked is logged and left out. Needs the control context.
    """
    for i in range(0, len(tenants), TOGETHER):
        yield from part(tenants[i : i + TOGETHER])


def part(tenants: Sequence[TenantInfo]) -> list[Due]:
    question = question_for(tenants[0])
    if question is not None:
        try:
            return together(tenants, question)
        except DatabaseError:
            logger.warning("sweep.one_by_one", exc_info=True)
    return [due for tenant in tenants for due in alone(tenant)]


def question_for(tenant: TenantInfo) -> str | None:
    """Return the statement, with a place for the schema; None where one must enter."""
    with use(tenant):
        if sources.to_be_asked():
            return None
        parts = [query.query.sql_with_params() for query in sources.queries()]
    raw = ClientCursor(connection.connection)
    texts = [raw.mogrify(sql, values) for sql, values in parts]
    if not texts or any(SCHEMA in text for text in texts):
        return None
    placed = [BEFORE_TABLE.sub(rf'\1 "{SCHEMA}"."', text) for text in texts]
    return f"SELECT LEAST({', '.join(f'({text})' for text in placed)})"


def together(tenants: Sequence[TenantInfo], question: str) -> list[Due]:
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


def alone(tenant: TenantInfo) -> list[Due]:
    try:
        with use(tenant):
            return [(tenant, sources.next_due())]
    except Exception:
        logger.exception("sweep.failed", extra={"for": str(tenant.uuid)})
        return []
    finally:
        with use_control():
            connection.close_if_unusable_or_obsolete()

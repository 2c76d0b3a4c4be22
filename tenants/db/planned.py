"""Statements that are sent again and again: the server keeps their plans.

Planning takes longer than doing where a statement joins or writes several tables.
"""

from contextlib import AbstractContextManager
from typing import Any

import psycopg
from django.db import connection
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus

from tenants.context import current


def planned_cursor() -> AbstractContextManager[Any]:
    """Return a cursor whose statements the server plans once for each tenant.

    Where a pooler gives each transaction another connection, they are planned anew
    each time, as there is nothing to keep a plan on.
    """
    wrapper: Any = connection
    cursor: AbstractContextManager[Any] = wrapper.planned_cursor()
    return cursor


class Planned(psycopg.Cursor[Any]):
    """The bare cursor of these statements.

    Each statement names its schema first: the server would plan it anew whenever the
    next tenant comes, and like this it has a plan of its own for each.
    """

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        named = f"/* {current().schema_name} */ {query}"
        try:
            return super().execute(named, *args, **kwargs)
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise  # the rollback throws the plans away
            # A migration has changed what the statement reads since it was planned.
            super().execute("DEALLOCATE ALL")
            return super().execute(named, *args, **kwargs)

"""The floor: bare psycopg writes the rows of ours, and decides nothing.

A step is BEGIN, four statements and COMMIT, in the same tables with their indexes and
constraints. What to write was recorded from ours when the process began, so it stays
the same in number and size whatever ours comes to write.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime

import engine.service
import psycopg
from django.db import connections
from floor.recording import record
from floor.script import Reference, Statement, statements_of
from psycopg import sql
from serving import Timed

from tenants.context import use

FINISHED = "SELECT count(*) FROM workflow_processinstance WHERE status = 'complete'"


class Service(Timed):
    """Writes an instance a time; a turn says nothing here.

    ["finished"]  how many instances stand at the end
    """

    def __init__(self) -> None:
        ours = engine.service.Service()
        self.connection = connect(ours.tenant.schema_name)
        with use(ours.tenant):
            steps = record(ours, self.connection)
        connections.close_all()
        instance = steps[0][0].rows[0]["id"]
        self.steps = [statements_of(writes, instance) for writes in steps]

    def prepared(self, turn: str) -> Callable[[], object]:
        return self.replay

    def replay(self) -> None:
        numbers: dict[Reference, int] = {}
        for statements in self.steps:
            with self.connection.transaction():
                now = datetime.now(UTC)
                for statement in statements:
                    self.execute(statement, numbers, now)

    def execute(
        self, statement: Statement, numbers: dict[Reference, int], now: datetime
    ) -> None:
        answer = self.connection.execute(
            statement.query, statement.filled(numbers, now)
        )
        if statement.makes:
            made = (number for (number,) in answer.fetchall())
            numbers.update(zip(statement.makes, made, strict=True))

    def finished(self) -> int:
        row = self.connection.execute(FINISHED).fetchone()
        return int(row[0]) if row else 0


def connect(schema: str) -> psycopg.Connection:
    """Return a connection of the owner of the tables, in the tenant's schema."""
    at = json.loads(os.environ["BENCH_DATABASE"])
    connection = psycopg.connect(
        dbname=at["NAME"],
        user=at["USER"],
        password=at["PASSWORD"],
        host=at["HOST"],
        port=at["PORT"] or None,
        autocommit=True,
    )
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
    return connection

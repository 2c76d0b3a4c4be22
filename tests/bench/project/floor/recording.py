"""What ours writes in each step of an instance, row by row and column by column."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from steps.client import ACTIVITIES, Client

#: The tables a step writes, and how the rows of an instance are found in them.
TABLES = {
    "workflow_processinstance": "id",
    "workflow_workitem": "instance_id",
    "workflow_timer": "instance_id",
    "workflow_incident": "instance_id",
    "workflow_auditevent": "instance_id",
}

Rows = dict[str, dict[int, dict[str, Any]]]


@dataclass(frozen=True)
class Write:
    """Rows of one table that a step inserts, or the columns of one that it updates."""

    table: str
    rows: list[dict[str, Any]]
    #: Whose columns these are; None where the rows are new.
    updated: int | None = None


def record(client: Client, connection: psycopg.Connection) -> list[list[Write]]:
    """Take an instance through and return what each step wrote."""
    person = next(client.people)
    item = client.start(person, client.document(person))
    before: Rows = {table: {} for table in TABLES}
    found = []

    def step() -> None:
        nonlocal before
        after = rows_of(item.instance_id, connection)
        found.append(list(differences(before, after)))
        before = after

    step()
    for activity in ACTIVITIES:
        if activity != ACTIVITIES[0]:
            item = client.following(item, person)
        for verb in (client.take, client.complete):
            verb(item, person)
            step()
    return found


def rows_of(instance: int, connection: psycopg.Connection) -> Rows:
    found: Rows = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for table, column in TABLES.items():
            query = sql.SQL("SELECT * FROM {} WHERE {} = %s ORDER BY id").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            rows = cursor.execute(query, [instance]).fetchall()
            found[table] = {row["id"]: row for row in rows}
    return found


def differences(before: Rows, after: Rows) -> Iterator[Write]:
    for table, rows in after.items():
        known = before[table]
        for number, row in rows.items():
            if number in known and row != known[number]:
                changed = {
                    name: value
                    for name, value in row.items()
                    if value != known[number][name]
                }
                yield Write(table, [changed], updated=number)
        if new := [row for number, row in rows.items() if number not in known]:
            yield Write(table, new)

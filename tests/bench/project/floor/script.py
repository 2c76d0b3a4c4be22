"""What was recorded, as statements that write it again for another instance."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from floor.recording import Write
from psycopg import sql

INSTANCES = "workflow_processinstance"
ITEMS = "workflow_workitem"
#: Columns that name a row which was made in the same instance.
REFERENCES = {
    "instance_id": INSTANCES,
    "root_id": INSTANCES,
    "workitem_id": ITEMS,
    "workitem_from_id": ITEMS,
}
STATEMENTS = 4
READ = sql.SQL(
    "SELECT i.id, i.status, i.version, w.id, w.status, w.user_id, w.version"
    " FROM workflow_processinstance AS i LEFT JOIN workflow_workitem AS w"
    " ON w.instance_id = i.id WHERE i.id = {} LIMIT 1"
)

#: A table, and the number that a row of it had in the recording.
Reference = tuple[str, int]


@dataclass
class Statement:
    """One statement, and how its values are filled in."""

    query: sql.Composed
    values: list[Any] = field(default_factory=list)
    references: dict[int, Reference] = field(default_factory=dict)
    instants: list[int] = field(default_factory=list)
    #: Whose new numbers it returns.
    makes: list[Reference] = field(default_factory=list)

    def put(self, value: Any, reference: Reference | None = None) -> None:
        if reference:
            self.references[len(self.values)] = reference
        elif isinstance(value, datetime):
            self.instants.append(len(self.values))
        elif isinstance(value, (dict, list)):
            value = json.dumps(value)
        self.values.append(value)

    def filled(self, numbers: Mapping[Reference, int], now: datetime) -> list[Any]:
        values = self.values.copy()
        for place, reference in self.references.items():
            values[place] = numbers[reference]
        for place in self.instants:
            values[place] = now
        return values


def statements_of(writes: list[Write], instance: int) -> list[Statement]:
    """Return the statements of a step: a row is read first where there are few."""
    found = [inserting(w) if w.updated is None else updating(w) for w in writes]
    if len(found) < STATEMENTS:
        found.insert(0, reading(instance, is_new=bool(found[0].makes)))
    if len(found) != STATEMENTS:
        raise RuntimeError(f"The floor writes a step in {len(found)} statements.")
    return found


def reading(instance: int, *, is_new: bool) -> Statement:
    statement = Statement(READ.format(sql.Placeholder()))
    # There is nothing to be found yet where the instance is new.
    statement.put(0, None if is_new else (INSTANCES, instance))
    return statement


def inserting(write: Write) -> Statement:
    names = [name for name in write.rows[0] if name != "id"]
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(names)))
    is_made = write.table in REFERENCES.values()
    statement = Statement(
        sql.SQL("INSERT INTO {} ({}) VALUES {} {}").format(
            sql.Identifier(write.table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([row] * len(write.rows)),
            sql.SQL("RETURNING id" if is_made else ""),
        )
    )
    if is_made:
        statement.makes = [(write.table, values["id"]) for values in write.rows]
    for values in write.rows:
        for name in names:
            statement.put(values[name], reference(name, values[name]))
    return statement


def updating(write: Write) -> Statement:
    [values] = write.rows
    column = sql.SQL("{} = {}")
    statement = Statement(
        sql.SQL("UPDATE {} SET {} WHERE id = {}").format(
            sql.Identifier(write.table),
            sql.SQL(", ").join(
                column.format(sql.Identifier(name), sql.Placeholder())
                for name in values
            ),
            sql.Placeholder(),
        )
    )
    for name, value in values.items():
        statement.put(value, reference(name, value))
    statement.put(write.updated, (write.table, write.updated or 0))
    return statement


def reference(name: str, value: int | None) -> Reference | None:
    table = REFERENCES.get(name)
    return (table, value) if table and value is not None else None

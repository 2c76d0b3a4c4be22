"""Content types and permissions have the same keys in every schema, old and new.

A schema that is migrated from nothing numbers them by its apps' order, so a new model
would move the numbers of those behind it. The template keeps the numbers of the one
before, gives new rows the next ones, and no number twice; a schema on its way takes the
rows of the template with their numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.db import connection, transaction
from psycopg import sql

TYPES: Final = "django_content_type"
PERMISSIONS: Final = "auth_permission"
#: Far beyond every number, for the moment in which two rows change places.
ASIDE: Final = 1_000_000_000

READ: Final = {
    TYPES: "SELECT id, app_label, model FROM django_content_type ORDER BY id",
    PERMISSIONS: (
        "SELECT p.id, t.app_label, t.model, p.codename, p.name, p.content_type_id"
        " FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id"
        " ORDER BY p.id"
    ),
}
#: How many columns behind the key tell a row from all others.
NATURAL: Final = {TYPES: 2, PERMISSIONS: 3}
MOVES: Final = (
    (
        "UPDATE auth_permission SET id = id + {aside},"
        " content_type_id = content_type_id + {aside}"
    ),
    "UPDATE django_content_type SET id = id + {aside}",
)
RENUMBER: Final = (
    "UPDATE {} SET {} = v.new FROM (VALUES {}) v(old, new) WHERE {} = v.old"
)
INSERT: Final = {
    TYPES: ("INSERT INTO django_content_type (id, app_label, model) VALUES {}"),
    PERMISSIONS: (
        "INSERT INTO auth_permission (id, codename, name, content_type_id)"
        " SELECT v.id, v.codename, v.name, t.id FROM (VALUES {})"
        " v(id, app_label, model, codename, name) JOIN django_content_type t"
        " ON t.app_label = v.app_label AND t.model = v.model"
    ),
}
UNLESS_TAKEN: Final = " ON CONFLICT DO NOTHING"
COUNT_ON: Final = (
    "SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest({last},"
    " (SELECT max(id) FROM {table})))"
)

#: The rows by table, as lists whose first is the key; and the last key ever given.
Numbers = dict[str, dict[str, Any]]


def present() -> Numbers:
    """Return how the rows of the entered schema are numbered."""
    return {table: kept(table, {"last": 0}) for table in READ}


@transaction.atomic
def renumber(before: Numbers) -> Numbers:
    """Number the rows of the entered, new schema; return how they are numbered now."""
    numbers = {table: assigned(table, before.get(table, {})) for table in READ}
    if before:
        with connection.cursor() as cursor:
            for move in MOVES:
                cursor.execute(move.format(aside=ASIDE))
            for statement in renumbering(numbers):
                cursor.execute(statement)
    return {table: kept(table, numbers[table]) for table in READ}


def assigned(table: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the old key of each row with the one that it shall have."""
    size = NATURAL[table]
    known = {tuple(row[1 : 1 + size]): row[0] for row in before.get("rows", ())}
    last = before.get("last", 0)
    moved: dict[int, int] = {}
    for key, *rest in rows(table):
        given = known.get(tuple(rest[:size]))
        if given is None:
            last += 1
            given = last
        moved[key] = given
    return {"moved": moved, "last": last}


def renumbering(numbers: Numbers) -> Iterator[sql.Composed]:
    yield update(TYPES, "id", numbers[TYPES]["moved"])
    yield update(PERMISSIONS, "content_type_id", numbers[TYPES]["moved"])
    yield update(PERMISSIONS, "id", numbers[PERMISSIONS]["moved"])


def update(table: str, column: str, moved: Mapping[int, int]) -> sql.Composed:
    pairs = [
        sql.SQL("({}, {})").format(sql.Literal(old + ASIDE), sql.Literal(new))
        for old, new in moved.items()
    ]
    name = sql.Identifier(column)
    return sql.SQL(RENUMBER).format(
        sql.Identifier(table), name, sql.SQL(", ").join(pairs), name
    )


def kept(table: str, number: Mapping[str, Any]) -> dict[str, Any]:
    found = [list(row) for row in rows(table)]
    last = max([number["last"], *(row[0] for row in found)])
    return {"rows": found, "last": last}


def rows(table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        return list(cursor.execute(READ[table]).fetchall())


def bring(numbers: Numbers) -> None:
    """Give the entered schema the rows of the template that it lacks.

    A number that somebody took for another row stays theirs; Django, which is asked
    next, then makes the row with a number of its own.
    """
    with connection.cursor() as cursor:
        for statement in statements(missing(numbers), numbers):
            is_insert = statement.startswith("INSERT")
            cursor.execute(statement + UNLESS_TAKEN if is_insert else statement)


def missing(numbers: Numbers) -> Numbers:
    """Return the rows of the template that the entered schema lacks."""
    found: Numbers = {}
    for table, known in numbers.items():
        size = NATURAL[table]
        here = {tuple(row[1 : 1 + size]) for row in rows(table)}
        lacking = [row for row in known["rows"] if tuple(row[1 : 1 + size]) not in here]
        found[table] = {"rows": lacking}
    return found


def statements(lacking: Numbers, numbers: Numbers) -> Iterator[str]:
    """Yield what inserts rows, and what has their keys go on from there."""
    for table in READ:
        if lacking.get(table, {}).get("rows"):
            yield INSERT[table].format(values(table, lacking[table]["rows"]))
            yield COUNT_ON.format(table=table, last=numbers[table]["last"])


def values(table: str, found: Iterable[list[Any]]) -> str:
    size = len(("id", "app_label", "model"))
    cut = size if table == TYPES else size + 2
    each = [
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row[:cut])))
        for row in found
    ]
    return sql.SQL(", ").join(each).as_string()

"""A recorded way: what is sent to each schema that is where the canary was.

The recipe is kept in the MigrationPlan, and its hash with it: what somebody changed
there is not replayed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from re import compile as pattern
from typing import Any, Final

from django.db import connection, transaction
from psycopg import Cursor, sql

from tenants import roles
from tenants.context import TenantInfo
from tenants.fleet import numbering, reading
from tenants.fleet.ledger import Entry
from tenants.fleet.orders import Order
from tenants.fleet.owning import bare
from tenants.fleet.recording import Notes, Statement
from tenants.models import MigrationPlan

CREATES: Final = pattern(r'CREATE TABLE "?([^" ]+)"? ')
#: Nobody writes down a migration meanwhile, such as Django's own command.
ALONE: Final = "LOCK TABLE django_migrations IN SHARE ROW EXCLUSIVE MODE"
RAN: Final = sql.SQL("INSERT INTO django_migrations (app, name, applied) VALUES {}")
#: What is sent ahead and behind has no number in the list of failures.
Sent = tuple[Statement | None, str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Statements from one word of migrations to another."""

    word: str
    statements: tuple[Statement, ...]
    migrations: tuple[tuple[str, str], ...]

    @property
    def sha256(self) -> str:
        text = json.dumps([asdict(one) for one in self.statements])
        return hashlib.sha256(f"{self.word} {text}".encode()).hexdigest()

    @property
    def created(self) -> set[str]:
        """Return the tables that the statements make."""
        found = (CREATES.match(one.sql) for one in self.statements)
        return {match[1] for match in found if match}


def recorded(
    notes: Notes,
    *,
    word: str,
    migrations: Iterable[Sequence[str]],
    numbers: numbering.Numbers,
) -> Recipe:
    """Return the recipe of what a canary sent, with the rows that it was given."""
    rows = numbering.statements(notes.lacking, numbers)
    return Recipe(
        word,
        (*notes.statements, *(Statement("", text) for text in rows)),
        tuple((app, name) for app, name in migrations),
    )


def of_plan(plan: MigrationPlan, word: str) -> Recipe | None:
    """Return the recipe of a plan, None where it is not as it was written."""
    statements = tuple(Statement(**one) for one in plan.recorded_sql)
    pairs = tuple((app, name) for app, name in plan.migrations)
    recipe = Recipe(word, statements, pairs)
    is_own = plan.replayable and recipe.sha256 == plan.sql_sha256
    return recipe if is_own else None


class Broken(Exception):
    """A statement of a recipe failed; `__cause__` is the database's error."""

    def __init__(self, statement: Statement | None, number: int | None) -> None:
        super().__init__(statement.sql if statement else "")
        self.migration = statement.migration if statement else ""
        self.number = number


def replay(tenant: TenantInfo, recipe: Recipe, *, entry: Entry, order: Order) -> None:
    """Take a tenant the recorded way: all of it in one transaction, or nothing.

    Three round trips, however many statements there are. Raises Broken, and an
    OperationalError where the schema's table of migrations is locked.
    """
    entered = bare(
        tenant,
        lock_timeout_ms=order.lock_timeout_ms,
        statement_timeout_ms=order.statement_timeout_ms,
    )
    with entered, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ALONE)  # and enters the tenant
        send([ahead(recipe), *body(recipe), *behind(recipe, tenant, entry)])


def ahead(recipe: Recipe) -> Sent:
    """Return what sees that the schema is where the canary was."""
    return None, reading.guard(recipe.word), None


def body(recipe: Recipe) -> Iterator[Sent]:
    for statement in recipe.statements:
        yield statement, statement.sql, None


def behind(recipe: Recipe, tenant: TenantInfo, entry: Entry) -> Iterator[Sent]:
    """Yield what makes the new state known: rights, rows, ledger and revision."""
    role = sql.Identifier(tenant.db_role).as_string()
    for table, rights in roles.protected():
        if table in recipe.created:
            name = sql.Identifier(table).as_string()
            yield None, f"REVOKE {rights} ON {name} FROM {role}", None
    yield None, ran(recipe.migrations), None
    for text, values in entry.statements(tenant.uuid):
        yield None, text, values


def ran(migrations: Iterable[tuple[str, str]]) -> str:
    each = [
        sql.SQL("({}, {}, clock_timestamp())").format(app, name)
        for app, name in migrations
    ]
    return RAN.format(sql.SQL(", ").join(each)).as_string()


def send(sent: Sequence[Sent]) -> None:
    """Send all in one go. Raises Broken, which says where the first error was."""
    raw: Any = connection.connection
    cursors: list[Cursor[Any]] = []
    try:
        with connection.wrap_database_errors, raw.pipeline():
            for _statement, text, values in sent:
                cursors.append(Cursor(raw))
                # The text is another one in each schema, so no plan of it is kept.
                cursors[-1].execute(text, values, prepare=False)
    except Exception as error:
        raise broken(sent, cursors) from error


def broken(sent: Sequence[Sent], cursors: Sequence[Cursor[Any]]) -> Broken:
    """Return where it was: at the first statement that has no answer."""
    place = next(
        (number for number, one in enumerate(cursors) if one.pgresult is None), None
    )
    if place is None or sent[place][0] is None:
        return Broken(None, None)
    number = sum(1 for statement, _text, _values in sent[: place + 1] if statement)
    return Broken(sent[place][0], number)

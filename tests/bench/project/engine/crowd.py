"""A tenant full of work, written by a few statements.

Each row is a copy of one that the engine wrote, but for the columns named here, so
that a new column needs no word here.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db import connection, models
from engine import documents
from engine.processes import THREE
from steps.client import PEOPLE

from accounts.models import User
from workflow.models import ProcessInstance

GROUPS: Final = 500
GROUPS_OF_A_PERSON: Final = 50
GROUPS_OF_AN_ITEM: Final = 2
ITEMS_OF_AN_INSTANCE: Final = 4
#: A statement of a tenant may not take for ever.
TOGETHER: Final = 100_000


def fill(count: int, people: list[User]) -> None:
    """Write so many work items, with instances, groups and offers.

    A quarter is offered to two groups each, a quarter is held and begun, and half is
    done; everybody is in fifty groups and holds as much as the others.
    """
    groups = Group.objects.bulk_create(
        Group(name=f"group-{number}") for number in range(GROUPS)
    )
    join(people, groups)
    document = documents.about(people[0])
    item = ProcessInstance.objects.start(THREE.code, people[0], document)
    holder = f"(ARRAY{[person.pk for person in people]})[1 + n / 4 % {PEOPLE}]"
    first = copy(item.instance, count // ITEMS_OF_AN_INSTANCE, user_id=holder)
    items = copy(
        item,
        count,
        instance_id=f"{first} + (n - 1) / {ITEMS_OF_AN_INSTANCE}",
        status="(ARRAY['complete', 'inactive', 'complete', 'active'])[1 + n % 4]",
        user_id=f"CASE WHEN n % 4 <> 1 THEN {holder} END",
        priority="n / 4 * 31 % 100 / 10",
    )
    offer(items, count, groups)


def join(people: list[User], groups: list[Group]) -> None:
    """Put everybody into a tenth of the groups, each into another one."""
    step = GROUPS // GROUPS_OF_A_PERSON
    User.groups.through.objects.bulk_create(
        User.groups.through(user=person, group=groups[(number + place * step) % GROUPS])
        for number, person in enumerate(people)
        for place in range(GROUPS_OF_A_PERSON)
    )


def offer(first: int, count: int, groups: list[Group]) -> None:
    """Offer each work item that nobody holds to two groups."""
    keys = f"(ARRAY{[group.pk for group in groups]})"
    for numbers in portions(count):
        run(
            "INSERT INTO workflow_workitem_pull_roles (workitem_id, group_id)"
            f" SELECT {first} + n - 1, {keys}[1 + (n / 4 * 31 + k * 97) % {GROUPS}]"
            " FROM generate_series(%s, %s) AS n,"
            f" generate_series(1, {GROUPS_OF_AN_ITEM}) AS k WHERE n % 4 = 1",
            *numbers,
        )


def copy(row: models.Model, count: int, **columns: str) -> int:
    """Write so many copies of a row and return the number of the first.

    `n` counts them from 1 in the columns that differ.
    """
    table = row._meta.db_table
    columns["id"] = f"nextval(pg_get_serial_sequence('{table}', 'id'))"
    names = [field.column for field in row._meta.concrete_fields]
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    return min(
        run(
            f"WITH made AS (INSERT INTO {table} ({quoted}) SELECT {values}"
            f" FROM {table} AS t, generate_series(%s, %s) AS n WHERE t.id = {row.pk}"
            " RETURNING id) SELECT min(id) FROM made",
            *numbers,
        )
        for numbers in portions(count)
    )


def portions(count: int) -> Iterator[tuple[int, int]]:
    for first in range(1, count + 1, TOGETHER):
        yield first, min(count, first + TOGETHER - 1)


def run(statement: str, *values: Any) -> Any:
    """Return the only value of the answer, if there is one."""
    with connection.cursor() as cursor:
        # What is no value has no percent sign of its own.
        cursor.execute(statement.replace(" % ", " %% "), values)
        return cursor.fetchone()[0] if cursor.description else None

"""What would make a schema as it is: its statements, read from the catalog.

The same statements tell whether two schemas are alike: they name no schema, and stand
in an order that does not depend on how a schema came to be.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import md5
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.db import connection

from tenants.context import TenantInfo

HERE: Final = Path(__file__).with_name("sql")
SCRIPT: Final = HERE.joinpath("script.sql").read_text("utf-8")
FINGERPRINT: Final = HERE.joinpath("fingerprint.sql").read_text("utf-8")

#: The place of what no statement of a script can make, such as a view or a trigger.
UNKNOWN: Final = 0
TABLE: Final = 1


class Line(NamedTuple):
    """One statement, or one thing that a tenant's schema may not hold."""

    place: int
    name: str
    text: str


Script = tuple[Line, ...]
#: How many schemas a statement looks at.
TOGETHER: Final = 200
#: Where the statement of each place names its table.
TABLE_OF: Final = {
    1: re.compile(r'^CREATE (?:UNLOGGED )?TABLE "?([^" ]+)"? '),
    2: re.compile(r'^ALTER TABLE "?([^" ]+)"? '),
    3: re.compile(r' ON (?:ONLY )?"?([^" ]+)"? USING '),
    4: re.compile(r'^COMMENT ON (?:TABLE|COLUMN) "?([^" .]+)"?[ .]'),
}
SEQUENCE: Final = re.compile(r'\(SEQUENCE NAME "?([^" ]+)"? START')


def read(schemas: Iterable[str]) -> dict[str, Script]:
    """Return the script of each schema, an empty one where there is none.

    One statement, whatever their number; needs the control context.
    """
    names = list(schemas)
    lines: dict[str, list[Line]] = {name: [] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(SCRIPT, {"schemas": names, "tables": None})
        for schema, place, name, text in cursor.fetchall():
            lines[schema].append(Line(place, name, text))
    return {name: tuple(sorted(found)) for name, found in lines.items()}


def kept(lines: Iterable[Iterable[Any]]) -> Script:
    """Return the script of a template, whose lines are kept as lists."""
    return tuple(Line(*line) for line in lines)


def parts(tenants: Sequence[TenantInfo]) -> Iterator[Sequence[TenantInfo]]:
    """Yield the tenants in the parts that a statement looks at."""
    for first in range(0, len(tenants), TOGETHER):
        yield tenants[first : first + TOGETHER]


def fingerprints(
    schemas: Iterable[str], *, tables: Iterable[str] | None = None
) -> dict[str, str]:
    """Return a word for each schema that is there, the same for the same script.

    With `tables`, of what the script says of these, which is much less to look at; a
    schema with none of them is left out.
    One statement, whatever their number; needs the control context.
    """
    values = {
        "schemas": list(schemas),
        "tables": None if tables is None else sorted(tables),
    }
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT.format(script=SCRIPT), values)
        return dict(cursor.fetchall())


def fingerprint(script: Script) -> str:
    """Return the word of a script that was read before."""
    lines = (f"{line.place} {line.name} {line.text}" for line in sorted(script))
    return md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def about(script: Script, tables: Iterable[str]) -> Script:
    """Return what a script says of some tables."""
    wanted = set(tables)
    return tuple(line for line in script if table_of(line) in wanted)


def table_of(line: Line) -> str:
    """Return the table that a statement is about, empty where it is about none."""
    found = TABLE_OF[line.place].search(line.text) if line.place else None
    return found[1] if found else ""


def sequences_of(line: Line) -> list[str]:
    """Return the sequences that the statement of a table makes."""
    return SEQUENCE.findall(line.text)

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
SEQUENCE: Final = re.compile(r'\(SEQUENCE NAME "?([^" ]+)"? START')


def read(schemas: Iterable[str]) -> dict[str, Script]:
    """Return the script of each schema, an empty one where there is none.

    One statement, whatever their number; needs the control context.
    """
    names = list(schemas)
    lines: dict[str, list[Line]] = {name: [] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(SCRIPT, {"schemas": names})
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


def fingerprints(schemas: Iterable[str]) -> dict[str, str]:
    """Return a word for each schema that is there, the same for the same script.

    One statement, whatever their number; needs the control context.
    """
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT.format(script=SCRIPT), {"schemas": list(schemas)})
        return dict(cursor.fetchall())


def fingerprint(script: Script) -> str:
    """Return the word of a script that was read before."""
    lines = (f"{line.place} {line.name} {line.text}" for line in sorted(script))
    return md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def sequences_of(line: Line) -> list[str]:
    """Return the sequences that the statement of a table makes."""
    return SEQUENCE.findall(line.text)

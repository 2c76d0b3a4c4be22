"""What would make a schema as it is: its statements, read from the catalog.

The same statements tell whether two schemas are alike: they name no schema, and stand
in an order that does not depend on how a schema came to be.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection

SCRIPT: Final = (
    Path(__file__).with_name("sql").joinpath("script.sql").read_text("utf-8")
)
#: The place of what no statement of a script can make, such as a view or a trigger.
UNKNOWN: Final = 0
TABLE: Final = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One statement, or one thing that a tenant's schema may not hold."""

    place: int
    name: str
    text: str


Script = tuple[Line, ...]


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
    return {name: tuple(found) for name, found in lines.items()}

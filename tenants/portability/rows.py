r"""Rows as COPY writes them, and how some columns are written otherwise on their way.

A row is a line: values between tabs, `\N` for none, a backslash before what would be
taken for the end of a value.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from tenants.portability.catalog import Table
from tenants.portability.errors import ArchiveShape
from tenants.portability.policies import Policy

#: From a line to the line that stands for it.
Shape = Callable[[bytes], bytes]
#: From a value and the row's key to another value, all as they stand in a line.
Change = Callable[[bytes, bytes], bytes]

NULL: Final = rb"\N"
ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
PLAIN: Final = {
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}
WRITTEN: Final = {value[0]: f"\\{name.decode()}" for name, value in PLAIN.items()} | {
    ord("\\"): "\\\\"
}


def plain(value: bytes) -> str:
    """Return what a value of a line means."""
    return ESCAPED.sub(lambda m: PLAIN.get(m[1], m[1]), value).decode()


def written(text: str) -> bytes:
    """Return a text as it stands in a line."""
    return text.translate(WRITTEN).encode()


def shape(
    table: Table,
    policy: Policy,
    *,
    has_secrets: bool = True,
    masked: bool = False,
    uuids: tuple[UUID, UUID] | None = None,
) -> Shape | None:
    """Return what turns the lines of a table into others; None where none changes.

    Without secrets their columns say nothing, masked ones name nobody, and of `uuids`
    the second takes the place of the first where the tenant's own stands.
    """
    changes: dict[str, Change] = {}
    if uuids is not None:
        former, new = (str(uuid).encode() for uuid in uuids)
        changes |= dict.fromkeys(policy.bound, partial(replaced, former, new))
    if not has_secrets:
        changes |= {
            column: partial(constant, NULL if text is None else written(text))
            for column, text in policy.secrets.items()
        }
    if masked:
        changes |= {
            column: partial(hidden, mask) for column, mask in policy.masks.items()
        }
    places = {
        place: changes[column]
        for place, column in enumerate(table.columns)
        if column in changes
    }
    key = table.columns.index(table.key[0]) if table.key else 0
    width = len(table.columns)
    return partial(changed, places, key, width) if places else None


def changed(places: Mapping[int, Change], key: int, width: int, line: bytes) -> bytes:
    values = line.removesuffix(b"\n").split(b"\t")
    if len(values) != width:
        raise ArchiveShape("A row has not the columns of its table.")
    own = values[key]
    for place, change in places.items():
        values[place] = change(values[place], own)
    return b"\t".join(values) + b"\n"


def replaced(former: bytes, new: bytes, value: bytes, _key: bytes) -> bytes:
    return new if value == former else value


def constant(text: bytes, _value: bytes, _key: bytes) -> bytes:
    return text


def hidden(mask: Callable[[str, str], str], value: bytes, key: bytes) -> bytes:
    return value if value == NULL else written(mask(plain(value), plain(key)))

"""Pages of a list by key, the newest first: as quick at the end as at the beginning."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from kernel.numbers import LARGEST_ID, whole


@dataclass(frozen=True, slots=True)
class Newest:
    """Some rows, the newest first, and where the older ones begin."""

    rows: list[Any]
    #: The key to ask for what is older with; None where nothing is.
    before: int | None
    #: Whether nothing newer was left out.
    is_first: bool

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    @property
    def oldest_first(self) -> list[Any]:
        """The same rows, as a conversation is read."""
        return self.rows[::-1]


def newest(rows: Any, *, before: int | None, size: int) -> Newest:
    """Return the newest rows before a key, in one statement."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    shown = found[:size]
    older = shown[-1].pk if len(found) > size else None
    return Newest(shown, older, is_first=before is None)


def before_of(request: HttpRequest, name: str = "before") -> int | None:
    """Return the key of the address; what is none asks for the first page."""
    number = whole(request.GET.get(name, ""))
    return None if number is None else min(number, LARGEST_ID)

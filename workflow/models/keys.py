"""Keys, by which the parts of a process are the same in all its versions."""

from itertools import chain, count
from typing import Any

from django.db.models import QuerySet


def free(key: str, rows: "QuerySet[Any]") -> str:
    """Return the key, or the first one with a number behind it that no row has."""
    taken = set(rows.filter(key__startswith=key).values_list("key", flat=True))
    numbered = (f"{key}-{number}" for number in count(2))
    return next(one for one in chain([key], numbered) if one not in taken)

"""Where long work says how far it is."""

from collections.abc import Callable
from typing import Final

#: Gets what is worked on, and how many of how many are done.
Said = Callable[[str, int, int], object]


def nobody(what: str, done: int, of: int) -> None:
    """Say nothing."""


SILENT: Final[Said] = nobody

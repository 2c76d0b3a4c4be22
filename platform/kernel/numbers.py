"""Numbers that clients write: whole, and no larger than a column."""

#: The largest number of a key and of an integer column.
LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1


def whole(text: str, *, largest: int = LARGEST_ID) -> int | None:
    """Return the whole number that a text is, or None.

    It has no more digits than the largest one, and may still be beyond it.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(largest))
    return int(text) if is_number else None

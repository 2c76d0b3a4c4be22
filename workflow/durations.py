"""Durations as people write them: `90m`, `3d`."""

import re
from datetime import timedelta
from typing import Final

PATTERN: Final = re.compile(r"\d+[smhdw]", re.ASCII)
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST: Final = timedelta(days=3650)


def parsed(text: str) -> timedelta | None:
    """Return a duration, or None where there is none.

    Raises ValueError on another form, and on more than ten years.
    """
    if not text:
        return None
    if not PATTERN.fullmatch(text):
        raise ValueError(text)
    seconds = int(text[:-1]) * SECONDS[text[-1]]
    if seconds > LONGEST.total_seconds():
        raise ValueError(text)
    return timedelta(seconds=seconds)

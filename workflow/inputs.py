"""What callers send: checked before any step begins."""

import json
import math
from collections.abc import Mapping
from typing import Any

from kernel.text import storable
from workflow.errors import DataInvalid, OutcomeTooLong

LONGEST_OUTCOME = 255
LONGEST_TITLE = 255
LONGEST_COMMENT = 1000
LARGEST_DATA = 65_536
DEEPEST = 16


def require_outcome(outcome: Any) -> None:
    """Raise OutcomeTooLong or DataInvalid on an outcome that cannot be stored."""
    if outcome is None:
        return
    # What automatic work answers with comes from handlers of anybody.
    if not isinstance(outcome, str):
        raise DataInvalid("The outcome is a text.")
    if len(outcome) > LONGEST_OUTCOME:
        raise OutcomeTooLong
    if not storable(outcome):
        raise DataInvalid("The outcome holds a character that cannot be stored.")


def require_comment(comment: str) -> None:
    """Raise DataInvalid on a comment that is too long or cannot be stored."""
    if len(comment) > LONGEST_COMMENT:
        raise DataInvalid("The comment has room for 1,000 characters; shorten it.")
    if not storable(comment):
        raise DataInvalid("The comment holds a character that cannot be stored.")


def require_data(data: Mapping[str, Any] | None, *, most: int = LARGEST_DATA) -> None:
    """Raise DataInvalid on variables that cannot be stored."""
    if data is None:
        return
    _require_storable(data, DEEPEST)
    if len(json.dumps(data)) > most:
        raise DataInvalid("The data are too large.")


def _require_storable(value: Any, depth: int) -> None:
    if depth == 0:
        raise DataInvalid("The data are nested too deeply.")
    if isinstance(value, str) and not storable(value):
        raise DataInvalid("The data hold a character that cannot be stored.")
    if isinstance(value, float) and not math.isfinite(value):
        raise DataInvalid("The data hold a number that cannot be stored.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _require_storable(key, depth)
            _require_storable(inner, depth - 1)
    if isinstance(value, list):
        for inner in value:
            _require_storable(inner, depth - 1)


def shortened(title: str) -> str:
    """Return a title that fits its column, with an ellipsis where it was cut."""
    title = "".join(letter for letter in title if storable(letter))
    if len(title) <= LONGEST_TITLE:
        return title
    return f"{title[: LONGEST_TITLE - 1]}…"

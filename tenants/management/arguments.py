"""Values of a command line, for argparse: what is wrong with one is said in words."""

import math
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from kernel.text import storable

SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])\Z")
LONGEST_KEY: Final = 128
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number within bounds."""
    wanted = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least or (most is not None and found > most):
            raise ArgumentTypeError(f"{text!r} is no number {wanted}")
        return found

    return read


def seconds(text: str) -> float:
    """Return a time in seconds, more than none."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return found


def span(text: str) -> timedelta:
    """Return a span such as 90s, 45m, 12h or 30d."""
    match = SPAN.match(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no span; write 90s, 45m, 12h or 30d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def key(text: str) -> str:
    """Return the key of an order; a variable that was never set is none."""
    if not 0 < len(text) <= LONGEST_KEY or not storable(text):
        raise ArgumentTypeError(f"a key has 1 to {LONGEST_KEY} characters")
    return text


def span_words(span: timedelta) -> str:
    """Return a span in the largest unit that divides it, as `span` reads it."""
    seconds = round(span.total_seconds())
    for letter, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{letter}"
    return f"{seconds}s"


def may_be_tried(parser: ArgumentParser) -> None:
    """Let a verb say what it would do."""
    parser.add_argument(
        "--dry-run", action="store_true", help="Say what would be; change nothing."
    )

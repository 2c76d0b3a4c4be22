"""Contrast of colours after WCAG 2.2, and the nearest colour that passes."""

import re
from collections.abc import Iterable
from typing import NamedTuple

HEX = re.compile(r"#[0-9a-fA-F]{6}\Z")
WHITE, BLACK = "#ffffff", "#000000"
#: What text on a fill needs, and what a control needs against the page.
TEXT_RATIO, CONTROL_RATIO = 4.5, 3.0
STEPS = 100
#: Below it sRGB is linear.
LINEAR_BELOW = 0.04045

Rgb = tuple[int, int, int]


class Need(NamedTuple):
    """A colour that another one has to stand out from, and how much."""

    other: str
    ratio: float


def is_colour(text: str) -> bool:
    """Tell whether the text is a colour as we write them: `#rrggbb`."""
    return bool(HEX.match(text))


def fill(colour: str) -> tuple[str, str]:
    """Return the colour moved as little as needed, and the text colour on it.

    The text reaches 4.5 to 1 on the fill, and the fill 3 to 1 on a white page.
    """
    base = colour if is_colour(colour) else BLACK
    return with_text(base, [Need(WHITE, CONTROL_RATIO)])


def with_text(colour: str, needs: Iterable[Need]) -> tuple[str, str]:
    """Return the nearest colour that passes, with the text that can be read on it.

    White where it can be read, else black: one of both always can.
    """
    found = nearest(colour, needs) or BLACK
    return found, text_on(found)


def nearest(colour: str, needs: Iterable[Need]) -> str | None:
    """Return the colour, moved towards black or white as little as its needs ask.

    None where no shade of it passes.
    """
    wanted = tuple(needs)
    for step in range(STEPS + 1):
        for end in (BLACK, WHITE):
            moved = mixed(colour, end, step / STEPS)
            if passes(moved, wanted):
                return moved
    return None


def passes(colour: str, needs: Iterable[Need]) -> bool:
    """Tell whether the colour stands out from all others as much as it must."""
    return all(ratio(colour, need.other) >= need.ratio for need in needs)


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(colour: str) -> str:
    """Return white or black, whichever can be read on the colour; rather white."""
    return WHITE if ratio(colour, WHITE) >= TEXT_RATIO else BLACK


def mixed(colour: str, end: str, share: float) -> str:
    """Return the colour with a share of another one in it."""
    parts = zip(_rgb(colour), _rgb(end), strict=True)
    red, green, blue = (round(one + (other - one) * share) for one, other in parts)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

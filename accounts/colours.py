"""Contrast of colours after WCAG 2.2, and the nearest colour that passes."""

import re

HEX = re.compile(r"#[0-9a-fA-F]{6}\Z")
WHITE, BLACK = "#ffffff", "#000000"
#: What text on a fill needs, and what a control needs against the page.
TEXT_RATIO, CONTROL_RATIO = 4.5, 3.0
STEPS = 100
#: Below it sRGB is linear.
LINEAR_BELOW = 0.04045

Rgb = tuple[int, int, int]


def fill(colour: str) -> tuple[str, str]:
    """Return the colour moved as little as needed, and the text colour on it.

    The text reaches 4.5 to 1 on the fill, and the fill 3 to 1 on a white page.
    """
    base = colour if HEX.match(colour) else BLACK
    for step in range(STEPS + 1):
        moved = _towards_black(base, step / STEPS)
        text = _text_on(moved)
        if ratio(moved, WHITE) >= CONTROL_RATIO and ratio(moved, text) >= TEXT_RATIO:
            return moved, text
    return BLACK, WHITE


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _text_on(colour: str) -> str:
    return WHITE if ratio(colour, WHITE) >= TEXT_RATIO else BLACK


def _towards_black(colour: str, share: float) -> str:
    red, green, blue = (round(part * (1 - share)) for part in _rgb(colour))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

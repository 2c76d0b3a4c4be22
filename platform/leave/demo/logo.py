"""A logo for the demo, drawn when it is needed: a mark and the name beside it."""

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

Variant = Literal["light", "dark"]
#: The colour of the name, for light and for dark pages.
VARIANTS: Final[Mapping[Variant, str]] = MappingProxyType(
    {"light": "#16302d", "dark": "#eef6f5"}
)
WHITE: Final = "#ffffff"
#: The corners of each, as parts of the side of the square.
HILLS: Final = (
    ((0.14, 0.74), (0.40, 0.28), (0.66, 0.74)),
    ((0.58, 0.74), (0.72, 0.48), (0.88, 0.74)),
)
SIDE: Final = 120
GAP: Final = 28
#: Drawn larger and made smaller, so that no edge is jagged.
FINER: Final = 3


def drawn(name: str, accent: str, variant: Variant) -> BytesIO:
    """Return the logo as a PNG file."""
    side, gap = SIDE * FINER, GAP * FINER
    font = ImageFont.load_default(size=int(side * 0.62))
    left, top, right, bottom = font.getbbox(name)
    picture = Image.new("RGBA", (side + gap + int(right - left) + FINER, side))
    pen = ImageDraw.Draw(picture)
    draw_mark(pen, side, accent)
    middle = (side - (bottom - top)) / 2 - top
    pen.text((side + gap - left, middle), name, font=font, fill=VARIANTS[variant])
    return as_file(picture)


def draw_mark(pen: ImageDraw.ImageDraw, side: int, accent: str) -> None:
    """Draw two hills in a rounded square."""
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=side * 0.22, fill=accent)
    for hill in HILLS:
        pen.polygon([(x * side, y * side) for x, y in hill], fill=WHITE)


def as_file(picture: Image.Image) -> BytesIO:
    smaller = picture.resize(
        (picture.width // FINER, picture.height // FINER), Image.Resampling.LANCZOS
    )
    found = BytesIO()
    smaller.save(found, "PNG")
    found.seek(0)
    return found

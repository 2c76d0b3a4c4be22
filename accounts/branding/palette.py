"""From a tenant's few colours to all that pages and mails need, by day and by night.

Whatever is in the row, what comes out of here can be read: words reach 4.5 to 1 on
what is behind them, and controls 3 to 1.
"""

from dataclasses import dataclass
from functools import lru_cache

from accounts import colours
from accounts.colours import BLACK, CONTROL_RATIO, TEXT_RATIO, WHITE, Need

DAY_GROUND, DAY_TEXT, DAY_MUTED = "#f5f6f8", "#1c2128", "#57606d"
NIGHT_GROUND, NIGHT_SURFACE = "#14171b", "#1d2127"
NIGHT_TEXT, NIGHT_MUTED = "#e8eaed", "#a4adb8"
#: What words at night reach on a card: more glares, less strains.
NIGHT_RATIO = 10.0
#: How much of a ground by day is left at night.
NIGHT_SHARE = 0.9


@dataclass(frozen=True)
class Chosen:
    """The colours of a row; empty ones follow from the others."""

    primary: str = ""
    on_primary: str = ""
    accent: str = ""
    background: str = ""
    text: str = ""


@dataclass(frozen=True)
class Shades:
    """One theme: fills with their words, lines and rings, grounds, words."""

    primary: str
    on_primary: str
    accent: str
    background: str
    surface: str
    text: str
    muted: str


@dataclass(frozen=True)
class Palette:
    """Both themes, and whether ground and words are the tenant's own."""

    light: Shades
    dark: Shades
    own_background: bool
    own_text: bool


@lru_cache(maxsize=1024)  # every page asks, and to look for a shade takes a while
def made(chosen: Chosen, *, product: str) -> Palette:
    """Return the palette of a tenant; colours that cannot be read are moved."""
    light = _day(chosen, product)
    own_background = light.background != DAY_GROUND
    own_text = light.text != DAY_TEXT
    dark = _night(light, own_background=own_background, own_text=own_text)
    return Palette(light, dark, own_background, own_text)


def _day(chosen: Chosen, product: str) -> Shades:
    ground = _moved(chosen.background, [Need(DAY_MUTED, TEXT_RATIO)]) or DAY_GROUND
    behind = (ground, WHITE)
    words = [Need(back, TEXT_RATIO) for back in behind]
    control = [Need(back, CONTROL_RATIO) for back in behind]
    primary, on_primary = _fill(chosen, product, control)
    accent = chosen.accent or chosen.primary or product
    return Shades(
        primary=primary,
        on_primary=on_primary,
        accent=_moved(accent, control) or BLACK,
        background=ground,
        surface=WHITE,
        text=_moved(chosen.text, words) or DAY_TEXT,
        muted=DAY_MUTED,
    )


def _fill(chosen: Chosen, product: str, control: list[Need]) -> tuple[str, str]:
    wanted = chosen.primary or chosen.accent or product
    own = chosen.on_primary if colours.is_colour(chosen.on_primary) else ""
    if own:
        with_own = _moved(wanted, [*control, Need(own, TEXT_RATIO)])
        if with_own:
            return with_own, own
    primary = _moved(wanted, control) or BLACK
    return colours.with_text(primary, control)


def _night(light: Shades, *, own_background: bool, own_text: bool) -> Shades:
    ground, surface = NIGHT_GROUND, NIGHT_SURFACE
    if own_background:
        ground = colours.mixed(light.background, BLACK, NIGHT_SHARE)
        surface = colours.mixed(ground, WHITE, 0.05)
    control = [Need(ground, CONTROL_RATIO), Need(surface, CONTROL_RATIO)]
    primary, on_primary = colours.with_text(light.primary, control)
    text = NIGHT_TEXT
    if own_text:
        text = colours.nearest(light.text, [Need(surface, NIGHT_RATIO)]) or NIGHT_TEXT
    return Shades(
        primary=primary,
        on_primary=on_primary,
        accent=colours.nearest(light.accent, control) or WHITE,
        background=ground,
        surface=surface,
        text=text,
        muted=NIGHT_MUTED,
    )


def _moved(colour: str, needs: list[Need]) -> str:
    """Return the colour or the nearest that passes; nothing for what is no colour."""
    if not colours.is_colour(colour):
        return ""
    return colours.nearest(colour, needs) or ""

"""The tenant's colours as custom properties, for `/branding.css`."""

from accounts import colours
from accounts.branding import brand
from accounts.branding.palette import Palette


def stylesheet() -> str:
    """Return the entered tenant's colours, by day and by night."""
    return ":root{" + declarations(brand.current().palette) + "}\n"


def declarations(palette: Palette) -> str:
    """Return what sets the colours, in the words of `tokens.css`."""
    return ";".join(f"{name}:{value}" for name, value in properties(palette).items())


def properties(palette: Palette) -> dict[str, str]:
    """Return the custom properties; what follows from them stays with `tokens.css`."""
    light, dark = palette.light, palette.dark
    found = {
        "--accent": light.accent,
        "--on-accent": colours.text_on(light.accent),
        "--primary": light.primary,
        "--on-primary": light.on_primary,
        "--fill": _both(light.primary, dark.primary),
        "--on-fill": _both(light.on_primary, dark.on_primary),
        "--fill-away": _both(_away(light.on_primary), _away(dark.on_primary)),
    }
    if palette.own_background:
        found["--ground"] = _both(light.background, dark.background)
        found["--surface"] = _both(light.surface, dark.surface)
    if palette.own_text:
        found["--text"] = _both(light.text, dark.text)
    return found


def _both(light: str, dark: str) -> str:
    return f"light-dark({light},{dark})"


def _away(text: str) -> str:
    """Return where a fill may move without its words getting harder to read."""
    is_light = colours.text_on(text) == colours.BLACK
    return colours.BLACK if is_light else colours.WHITE

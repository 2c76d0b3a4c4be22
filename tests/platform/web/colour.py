"""Computes the colours of tokens.css as a browser does, without a browser.

Knows what the file uses: var, light-dark, oklch and srgb-linear with `from`,
color-mix in oklab, calc, min, max, clamp and arithmetic. Names and numbers follow
CSS Color 5; the matrices are those of its section on OKLab.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

Linear = tuple[float, float, float]

ASSIGNMENT = re.compile(r"(--[\w-]+)\s*:\s*([^;]+);")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
ARITHMETIC = {"min": min, "max": max, "clamp": lambda a, b, c: max(a, min(b, c))}


def properties(path: Path) -> dict[str, str]:
    """Return the custom properties of a style sheet; a name's first value holds."""
    found: dict[str, str] = {}
    for name, value in ASSIGNMENT.findall(COMMENT.sub("", path.read_text())):
        found.setdefault(name, " ".join(value.split()))
    return found


def contrast(first: Linear, second: Linear) -> float:
    """Return the contrast of WCAG 2, from 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Linear) -> float:
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True)
class Sheet:
    """The tokens in one theme, light or dark."""

    tokens: dict[str, str]
    theme: str

    def colour(self, text: str) -> Linear:
        """Return the colour of a CSS value as linear sRGB inside the gamut."""
        return within_gamut(self._colour(text.strip()))

    def _colour(self, text: str) -> Linear:
        if text.startswith("#"):
            return from_hex(text)
        name, inside = call(text)
        match name:
            case "var":
                return self._colour(self.tokens[inside])
            case "light-dark":
                return self._colour(split(inside, ",")[self.theme == "dark"])
            case "color-mix":
                return self._mix(split(inside, ","))
            case "oklch":
                return to_linear(polar(*self._channels(inside, "lch")))
            case "color":
                red, green, blue = self._channels(inside, "rgb")
                return red, green, blue
        raise ValueError(text)

    def _mix(self, parts: list[str]) -> Linear:
        space, first, second = parts
        assert space == "in oklab", space
        second, share = second.rsplit(" ", 1)
        weight = float(share.removesuffix("%")) / 100
        pairs = zip(
            to_oklab(self.colour(first)), to_oklab(self.colour(second)), strict=True
        )
        lightness, a, b = (x * (1 - weight) + y * weight for x, y in pairs)
        return to_linear((lightness, a, b))

    def _channels(self, inside: str, names: str) -> list[float]:
        words = [word for word in split(inside, " ") if word != "srgb-linear"]
        known: dict[str, float] = {}
        if words[0] == "from":
            origin = self.colour(words[1])
            values = cylinder(to_oklab(origin)) if names == "lch" else origin
            known = dict(zip(names, values, strict=True))
            words = words[2:]
        return [self._number(word, known) for word in words]

    def _number(self, text: str, known: dict[str, float]) -> float:
        while "var(" in text:
            text = re.sub(r"var\((--[\w-]+)\)", lambda m: self.tokens[m[1]], text)
        text = text.replace("calc", "")
        return float(eval(text, {"__builtins__": {}}, ARITHMETIC | known))


def call(text: str) -> tuple[str, str]:
    name, _, rest = text.partition("(")
    return name, rest.removesuffix(")")


def split(text: str, separator: str) -> list[str]:
    """Split at a separator outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == separator and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def from_hex(text: str) -> Linear:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return decoded(red), decoded(green), decoded(blue)


def decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def within_gamut(colour: Linear) -> Linear:
    red, green, blue = (min(max(value, 0.0), 1.0) for value in colour)
    return red, green, blue


def polar(lightness: float, chroma: float, hue: float) -> Linear:
    angle = math.radians(hue)
    return lightness, chroma * math.cos(angle), chroma * math.sin(angle)


def cylinder(lab: Linear) -> Linear:
    lightness, a, b = lab
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def to_oklab(colour: Linear) -> Linear:
    r, g, b = colour
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def to_linear(lab: Linear) -> Linear:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )

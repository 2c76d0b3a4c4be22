"""Words can be read on every surface, whatever colour a tenant chooses."""

import re

import pytest

from tests.platform.web.colour import Sheet, contrast, properties
from tests.platform.web.rendering import ACCENTS, STATIC

SHEETS = STATIC / "tenantry"
TOKENS = properties(SHEETS / "tokens.css")
SURFACES = ("ground", "surface", "raised", "sunken", "hover")
WORDS_ON = [
    *[(words, on) for words in ("text", "muted") for on in (*SURFACES, "accent-soft")],
    *[("accent-text", on) for on in (*SURFACES, "accent-soft")],
    *[("text", f"{tone}-soft") for tone in ("info", "good", "warn", "bad")],
    *[
        (f"{tone}-text", on)
        for tone in ("info", "good", "warn", "bad")
        for on in (*SURFACES, f"{tone}-soft", "accent-soft")
    ],
    *[("on-fill", on) for on in ("fill", "fill-hover", "fill-press")],
    *[("on-bad", on) for on in ("bad-fill", "bad-fill-hover")],
    ("text", "accent-line"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ACCENTS)
def test_words_reach_four_and_a_half_to_one(accent, theme):
    sheet = Sheet(TOKENS | {"--accent": accent}, theme)
    poor = {
        (words, on): round(ratio, 2)
        for words, on in WORDS_ON
        if (ratio := contrast(*(sheet.colour(f"var(--{n})") for n in (words, on))))
        < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ACCENTS)
def test_the_focus_ring_stands_out_from_what_is_behind_it(accent, theme):
    sheet = Sheet(TOKENS | {"--accent": accent}, theme)
    ring = sheet.colour("var(--accent-text)")
    for surface in SURFACES:
        assert contrast(ring, sheet.colour(f"var(--{surface})")) >= 3


def test_the_contrast_of_known_pairs():
    light = Sheet({}, "light")
    black, white, grey = (light.colour(c) for c in ("#000000", "#ffffff", "#767676"))
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, grey) == pytest.approx(4.54, abs=0.01)
    assert light.colour("oklch(from #0f766e l c h)") == pytest.approx(
        light.colour("#0f766e"), abs=1e-4
    )


@pytest.mark.parametrize("name", ["base.css", "components.css", "print.css"])
def test_only_the_tokens_hold_a_colour(name):
    text = re.sub(r"/\*.*?\*/", "", (SHEETS / name).read_text(), flags=re.DOTALL)
    shade_behind_a_dialog = "light-dark(rgb(20 24 32 / 32%), rgb(0 0 0 / 60%))"
    text = text.replace(shade_behind_a_dialog, "")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|oklch\(", text) == []


@pytest.mark.parametrize("name", ["base.css", "components.css", "print.css"])
def test_every_token_that_is_used_exists(name):
    text = (SHEETS / name).read_text()
    here = set(re.findall(r"(--[\w-]+)\s*:", text))
    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert used - here - set(TOKENS) == set()

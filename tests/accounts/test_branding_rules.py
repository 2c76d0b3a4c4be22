"""What a value of the branding may be, and what the colours make of each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import colours
from accounts.branding import palette, rules, sheet
from accounts.branding.palette import Chosen
from accounts.errors import BrandingInvalid, ContrastTooLow
from accounts.models import TenantBranding
from tests.accounts.test_mail_in_all_languages import SHADES

HEX = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)
ANY = st.one_of(st.just(""), HEX, st.text(max_size=8))
STANDING = {field: getattr(TenantBranding(), field) for field in rules.CLEANERS}


def refused(**values: object) -> list[dict[str, object]]:
    with pytest.raises(BrandingInvalid) as caught:
        rules.cleaned(values, standing=STANDING)
    return caught.value.extra["errors"]


def taken(**values: object) -> dict[str, object]:
    return rules.cleaned(values, standing=STANDING)


@given(st.tuples(ANY, ANY, ANY, ANY, ANY))
def test_whatever_stands_in_the_row_can_be_read_in_both_themes(five):
    made = palette.made(Chosen(*five), product="#3d56c5")
    for shades in (made.light, made.dark):
        for words, ground in SHADES:
            pair = getattr(shades, words), getattr(shades, ground)
            assert colours.ratio(*pair) >= 4.5, (words, ground, pair)
        for control in (shades.primary, shades.accent):
            assert colours.ratio(control, shades.surface) >= 3
            assert colours.ratio(control, shades.background) >= 3
    values = sheet.declarations(made)
    assert not set(values) & set("{}<>\\\"'")


@given(st.tuples(HEX, HEX, HEX, HEX, HEX))
def test_a_colour_that_passes_the_rules_is_shown_as_it_is(five):
    chosen = Chosen(*five)
    if rules.contrast_problems(chosen):
        return
    made = palette.made(chosen, product="#3d56c5").light
    shown = made.primary, made.on_primary, made.accent, made.background, made.text
    assert shown == five


@given(HEX)
def test_the_nearest_colour_that_is_offered_passes(colour):
    for problem in rules.contrast_problems(Chosen(accent=colour, text=colour)):
        again = Chosen(**{problem.field: problem.nearest})
        assert rules.contrast_problems(again) == []


def test_a_low_contrast_is_refused_with_its_number_and_the_way_out():
    with pytest.raises(ContrastTooLow) as caught:
        taken(accent="#FFD400")
    (error,) = caught.value.extra["errors"]
    assert error["field"] == "accent"
    assert (error["ratio"], error["needed"]) == (1.32, 3.0)
    assert colours.passes(
        error["nearest"], [colours.Need("#ffffff", 3), colours.Need("#f5f6f8", 3)]
    )
    assert error["nearest"] in error["message"]


@pytest.mark.parametrize(
    ("values", "field", "needed"),
    [
        ({"primary": "#ffffff"}, "primary", 3.0),
        ({"primary": "#1d4ed8", "on_primary": "#1e3a8a"}, "onPrimary", 4.5),
        ({"on_primary": "#3d56c5"}, "onPrimary", 4.5),
        ({"text": "#9ca3af"}, "text", 4.5),
        ({"background": "#1f2937"}, "background", 4.5),
        ({"background": "#fde68a", "accent": "#d97706"}, "accent", 3.0),
    ],
)
def test_each_pair_of_colours_is_looked_at(values, field, needed):
    errors = refused(**values)
    assert [(e["field"], e["needed"]) for e in errors] == [(field, needed)]


def test_a_ratio_is_cut_and_never_rounded_up_to_what_would_pass():
    (error,) = refused(text="#727272")
    assert error["ratio"] == 4.44
    assert "4.44 to 1" in error["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Acme\nBcc: x@y.org"),
        ("name", "Acme\u0000"),
        ("name", "\ud800"),
        ("name", "see https://evil.test"),
        ("name", "www.evil.test"),
        ("name", "Write to boss@bank.test"),
        ("name", "boss@bank"),
        ("name", "Locked: evil.test"),
        ("name", "evil.test/login"),
        ("name", "Visit EVIL.Example now"),
        ("name", "b\u00fccher.example"),
        ("name", "\uff45\uff56\uff49\uff4c\uff0e\uff54\uff45\uff53\uff54"),
        ("name", "evil\u200b.te\u00adst"),
        ("name", "evil.xn--p1ai"),
        ("name", "evil\u3002test"),
        ("name", "evil\uff61test"),
        ("name", "evil.\u034ftest"),
        ("name", "ev\ufe0fil.\ufe0ftest"),
        ("name", "evil.\u3164test"),
        ("name", "Log in at 10.0.0.1"),
        ("name", "Log in at [::1]"),
        ("name", "mailto:boss"),
        ("name", "x" * 81),
        ("name", "Acme\u202egnp.exe"),
        ("name", "Acme\u2028Globex"),
        ("sender_name", "boss@bank.test"),
        ("sender_name", "Acme <x>"),
        ("sender_name", "evil.test"),
        ("sender_name", "Acme\r\nX: y"),
        ("sender_name", "x" * 61),
        ("footer", "x" * 501),
        ("footer", "a\u0007b"),
        ("footer", "\u202eabc"),
        ("accent", "red"),
        ("accent", "#fff"),
        ("accent", "#12345g"),
        ("accent", "}x{"),
        ("language", "tlh"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("registration_policy", "everybody"),
        ("registration_domains", ["not a domain"]),
        ("registration_domains", ["localhost"]),
        ("registration_domains", ["[::1]"]),
        ("registration_domains", [f"x{number}.test" for number in range(21)]),
        ("reply_to", ["a@x.test", "b@x.test", "c@x.test", "d@x.test"]),
        ("reply_to", ["unconfirmed@x.test"]),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(field, value):
    assert {error["field"] for error in refused(**{field: value})} == {
        rules.camel(field)
    }


@pytest.mark.parametrize(
    "name",
    [
        "Acme Inc.",
        "Acme, Inc. & Co. KG",
        "J. P. Morgan",
        "Version 2.1",
        "No. 1.5",
        "Home @ Acme",
        "24/7 Service",
        "A.B.C.",
        "Stra\u00dfe 5: B\u00fccher",
        "\u682a\u5f0f\u4f1a\u793e",
        "\u30e2\u30fc\u30cb\u30f3\u30b0\u5a18\u3002",
        "Caf\u00e9 \u2764\ufe0f",
        "[Acme]",
    ],
)
def test_a_name_with_dots_and_signs_is_a_name(name):
    assert taken(name=name) == {"name": name}


def test_what_is_taken_has_one_form():
    assert taken(
        name="  Acme & Söhne ",
        accent="#0F766E",
        footer="One \r\nTwo\r\n\r\n",
        registration_policy="domains",
        registration_domains=["@Example.COM", "b\u00fccher.example", "example.com"],
        time_zone="Europe/Berlin",
        language="zh-hant",
    ) == {
        "name": "Acme & Söhne",
        "accent": "#0f766e",
        "footer": "One\nTwo",
        "registration_policy": "domains",
        "registration_domains": ["example.com", "xn--bcher-kva.example"],
        "time_zone": "Europe/Berlin",
        "language": "zh-hant",
    }


def test_a_registration_by_domains_needs_some():
    (error,) = refused(registration_policy="domains")
    assert error["field"] == "registrationDomains"


def test_everything_that_is_wrong_is_said_at_once():
    errors = refused(name="x" * 99, accent="red", language="tlh")
    assert [error["field"] for error in errors] == ["name", "accent", "language"]

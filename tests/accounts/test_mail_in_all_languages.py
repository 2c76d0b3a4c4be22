"""Every mail in every language, in two brands: whole, readable, not to be bent."""

import re
from html.parser import HTMLParser

import pytest

from accounts import colours
from accounts.mail import samples
from tests.accounts import mails
from tests.accounts.mails import CODE, FOUND, LANGUAGES, PLAIN, RICH, rendered

BRANDS = {"plain": PLAIN, "rich": RICH}
WITH_CODE = {name for name in FOUND if name.endswith("_code")}
EVIL = '<script>alert(1)</script><a href="//evil.test">x</a>'
#: English words that would show a missing translation.
ENGLISH = re.compile(r"\b(sent this mail|because|Choose|Hello|There is)\b")
#: Of each pair, what stands on what.
SHADES = (
    ("text", "background"),
    ("text", "surface"),
    ("muted", "background"),
    ("muted", "surface"),
    ("on_primary", "primary"),
)


class Tags(HTMLParser):
    """The elements of a document, with where they lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str | None] = {}

    def handle_starttag(self, tag, attrs):
        self.found[tag] = dict(attrs).get("href", self.found.get(tag))


@pytest.fixture(params=BRANDS)
def branded(request, in_acme):
    mails.wear(BRANDS[request.param])


def test_every_mail_of_the_product_has_sample_values():
    assert {name for name in FOUND if name.startswith("accounts/")} == {
        f"accounts/{name}" for name in samples.SAMPLES
    }
    assert set(samples.LABELS) == set(samples.SAMPLES)
    assert {name for name in FOUND if not name.startswith("accounts/")} == set(
        mails.OTHERS
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a40_every_mail_is_whole_in_every_language(branded, language):
    for template in FOUND:
        for values in mails.cases_of(template):
            message = rendered(template, language, **values)
            assert message.subject, template
            assert "\n" not in message.subject
            assert len(message.text.split()) >= (1 if language[:2] in "jazh" else 8)
            assert "%(" not in message.subject + message.text + message.html
            assert f' lang="{language[:2]}' in message.html
            assert ' dir="ltr"' in message.html


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_a40_no_english_is_left_in_another_language(in_acme, language):
    own = {"leave/filed", "leave/refused", "workflow/message", "workflow/incident"}
    for template in set(FOUND) - own:
        for values in mails.cases_of(template):
            message = rendered(template, language, **values)
            text = re.sub(r"https?://\S+", "", message.text)
            assert not ENGLISH.search(text), (template, text)
            html = mails.words_of(message.html)
            assert not ENGLISH.search(re.sub(r"https?://\S+", "", html)), template


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_has_a_line_of_its_own_and_is_in_no_subject(branded, language):
    assert len(WITH_CODE) == 5
    for template in WITH_CODE:
        message = rendered(template, language)
        assert [line.strip() for line in message.text.splitlines()].count(CODE) == 1
        assert message.html.count(CODE) == 1
        assert CODE not in message.subject


@pytest.mark.parametrize("template", FOUND)
def test_w14_nothing_that_is_filled_in_brings_markup(in_acme, template):
    brand = {"name": EVIL[:80], "footer": EVIL, "sender_name": "Acme"}
    mails.wear(brand)
    values = {
        key: EVIL
        if isinstance(value, str) and key not in {"url", "at", "zone"}
        else value
        for key, value in mails.values_of(template).items()
    }
    html = rendered(template, **values).html
    assert "&lt;script&gt;" in html
    reader = Tags()
    reader.feed(html)
    assert "script" not in reader.found
    assert "//evil.test" not in reader.found.values()


def test_a_footers_own_addresses_become_links_and_nothing_else(in_acme):
    footer = 'See https://acme.test/a?b=1&c=2.\n<a href="x">no</a> javascript:alert(1)'
    mails.wear({"footer": footer})
    message = rendered("accounts/test_message")
    assert '<a href="https://acme.test/a?b=1&amp;c=2"' in message.html
    assert "https://acme.test/a?b=1&amp;c=2</a>.<br>" in message.html
    assert "&lt;a href=" in message.html
    assert 'href="javascript' not in message.html
    assert footer in message.text


def test_a22_secrets_of_links_stand_in_the_fragment(in_acme):
    for template in ("accounts/account_setup", "accounts/invitation"):
        text = rendered(template).text
        links = re.findall(r"https?://\S+", text)
        secret = [link for link in links if "sample" in link]
        assert len(secret) == 1
        assert "sample" not in secret[0].partition("#")[0]


def test_links_lead_to_the_tenants_own_site(branded):
    for template in (name for name in FOUND if name.startswith("accounts/")):
        html = rendered(template).html
        links = re.findall(r'(?:href|src)="(https?://[^/"]+)', html)
        own = {link for link in links if "globex.test" not in link}
        assert own == {"http://acme.localhost:8000"}, template


def test_a_logo_takes_the_place_of_the_mark(in_acme):
    mails.wear(RICH)
    html = rendered("accounts/test_message").html
    assert html.count("<img") == 2
    assert 'alt="Globex Corporation"' in html
    assert 'class="mark"' not in html
    mails.wear(PLAIN)
    html = rendered("accounts/test_message").html
    assert "<img" not in html
    assert 'class="mark"' in html


def test_a40_the_colours_of_a_mail_can_be_read_by_day_and_by_night(branded):
    brand = rendered("accounts/test_message").brand
    for shades in (brand.light, brand.dark):
        for words, ground in SHADES:
            pair = getattr(shades, words), getattr(shades, ground)
            assert colours.ratio(*pair) >= 4.5, (words, ground, pair)
        assert colours.ratio(shades.primary, shades.surface) >= 3
        assert colours.ratio(shades.accent, shades.surface) >= 3


def test_an_instant_is_told_in_the_readers_zone(in_acme):
    text = rendered("accounts/new_device", "de").text
    assert "3. August 2026 14:05 (Europe/Berlin)" in text
    assert "(UTC)" in rendered("accounts/new_device", "de", zone="Nowhere/Here").text

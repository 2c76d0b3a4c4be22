"""What holds for each template of the frame."""

import re
from html.parser import HTMLParser

import pytest
from django.template.loader import get_template

from tests.platform.web.rendering import TEMPLATES, components, page

NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
PARTIALS = [name for name in NAMES if name.startswith("partials/")]
INCLUDED = re.compile(r"""{%\s*(?:include|extends)\s+"([^"]+)"|row_template="([^"]+)""")
PRESSABLE = re.compile(r"<(a|button|summary)\b(.*?)</\1>", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}")


def source(name: str) -> str:
    return COMMENT.sub("", (TEMPLATES / name).read_text())


def reached_from(name: str) -> set[str]:
    """Return the templates that a page is made of."""
    seen, waiting = set(), [name]
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting += [a or b for a, b in INCLUDED.findall(source(at))]
    return seen


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(html)
    return parser.seen


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name):
    assert get_template(name)


@pytest.mark.parametrize("name", PARTIALS)
def test_a_partial_says_how_it_is_used(name):
    assert "{# usage: " in (TEMPLATES / name).read_text()


def test_every_partial_has_a_place_on_the_component_page():
    assert set(PARTIALS) - reached_from("ui/components.html") == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mail_base.html"])
def test_a_template_holds_no_inline_style_or_script(name):
    text = source(name).replace("<style>{{ standalone }}</style>", "")
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", text)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize(
    "name",
    ["ui/components.html", "public/landing.html", "errors/404.html", "errors/423.html"],
)
def test_a_page_has_one_heading_one_main_and_a_way_past_the_menus(name):
    html = components() if name.startswith("ui/") else page(name)
    tags = [tag for tag, _ in elements(html)]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert '<a class="skip" href="#content">' in html
    assert '<html lang="en" ' in html


def test_no_id_stands_twice_on_the_component_page():
    ids = [
        attributes["id"]
        for _, attributes in elements(components())
        if "id" in attributes
    ]
    assert [one for one in ids if ids.count(one) > 1] == []


def test_every_label_and_description_leads_to_its_element():
    seen = elements(components())
    ids = {attributes.get("id") for _, attributes in seen}
    for _, attributes in seen:
        for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            for target in (attributes.get(name) or "").split():
                assert target in ids, (name, target)


def test_every_button_and_link_has_a_name():
    for found in PRESSABLE.finditer(components()):
        words = re.sub(r"<[^>]+>", "", found[0]).strip()
        assert words or "aria-label=" in found[0], found[0]


def test_what_is_typed_is_written_as_text():
    html = page(
        "partials/list_row.html",
        title="<script>alert(1)</script>",
        url="/",
        meta=["<b>"],
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>" not in html

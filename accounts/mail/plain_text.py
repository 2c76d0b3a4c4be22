"""The text part of a message that came as HTML only."""

from html.parser import HTMLParser

BLOCKS = frozenset(
    {"p", "div", "br", "tr", "table", "ul", "ol", "li", "h1", "h2", "h3", "h4", "hr"}
)
HIDDEN = frozenset({"style", "script", "head", "title"})


def from_html(html: str) -> str:
    """Return readable text: blocks on lines of their own, link targets in brackets."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN and self._hidden:
            self._hidden -= 1
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "a" and self._links:
            target = self._links.pop()
            self.parts.append(f" ({target})" if target else "")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)

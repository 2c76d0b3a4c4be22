"""The text part of a message that came as HTML only."""

import re
from html.parser import HTMLParser

#: What stands on lines of its own, and what has an empty line around it.
LINES = frozenset({"dd", "div", "dt", "li", "tr"})
PARAGRAPHS = frozenset(
    {"p", "table", "ul", "ol", "dl", "hr", "pre", "blockquote"}
    | {f"h{level}" for level in range(1, 7)}
)
CELLS = frozenset({"td", "th"})
HIDDEN = frozenset({"style", "script", "head", "title"})


def from_html(html: str) -> str:
    """Return readable text: paragraphs stay apart, link targets stand in brackets."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        #: Ends of lines that are due before the next word.
        self._gap = 0
        self._hidden = 0
        #: Targets of the links that are open, with where their texts begin.
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._hidden = 0  # the end of a head may be left out
        self._hidden += tag in HIDDEN
        self._break(tag)
        if tag == "br":
            self._gap += 1
        if tag == "li":
            self._say("- ")
        if tag == "a":
            target = " ".join((dict(attrs).get("href") or "").split())
            self._links.append((target, len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN and self._hidden:
            self._hidden -= 1
        if tag == "a" and self._links:
            target, begin = self._links.pop()
            is_told = "".join(self.parts[begin:]).strip() == target
            if target and not is_told:
                self._say(f" ({target})")
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden and (data.strip() or not self._gap):
            self._say(" ".join(data.split("\n")))

    def _say(self, text: str) -> None:
        self.parts.append("\n" * self._gap + text)
        self._gap = 0

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._gap = max(self._gap, 2)
        elif tag in LINES:
            self._gap = max(self._gap, 1)
        elif tag in CELLS and not self._gap:
            self.parts.append(" ")

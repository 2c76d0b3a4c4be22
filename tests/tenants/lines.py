"""Read the log as it is written: each line in its parts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.stdlib import ProcessorFormatter

PART = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


class Lines:
    """The lines that were written since."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        self._texts.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self._texts)

    def all(self) -> list[dict[str, str]]:
        return [parts(text) for text in list(self._texts)]

    def of(self, event: str) -> list[dict[str, str]]:
        """Return the lines of one event."""
        return [line for line in self.all() if line["event"] == event]


def parts(line: str) -> dict[str, str]:
    return {key: value.strip('"') for key, value in PART.findall(line)}


@contextmanager
def written() -> Iterator[Lines]:
    """Collect what the product's own formatter makes of each line.

    By the formatter, since an ASGI application sets up logging anew when it is made.
    """
    lines, formatted = Lines(), ProcessorFormatter.format

    def note(formatter: ProcessorFormatter, record: Any) -> str:
        text = formatted(formatter, record)
        lines.add(text)
        return text

    own: Any = ProcessorFormatter
    own.format = note
    try:
        yield lines
    finally:
        own.format = formatted

"""What a person sees: one line a step, with a mark, a name and the seconds."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

SILENT_FOR = 4.0


class Screen:
    """Writes lines; a terminal that went away is no reason to fail."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.spoke_at = time.monotonic()
        self.doing: tuple[str, float] | None = None
        encoding = (out.encoding or "ascii").lower()
        self.done, self.failed = ("✓", "✗") if "utf" in encoding else ("ok", "!!")

    def say(self, line: str = "") -> None:
        self.spoke_at = time.monotonic()
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self.out, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Show a step's end and its seconds; what is put in the list is its note."""
        begun = time.monotonic()
        self.doing = (name, begun)
        note: list[str] = []
        try:
            yield note
        except BaseException:
            self.say(f"  {self.failed} {name}")
            raise
        finally:
            self.doing = None
        seconds = time.monotonic() - begun
        self.say(
            f"  {self.done} {name:<10}{seconds:5.1f} s   {' '.join(note)}".rstrip()
        )

    def tick(self) -> None:
        """Say that a long step still runs, unless something was said just now."""
        if self.doing and time.monotonic() - self.spoke_at > SILENT_FOR:
            name, begun = self.doing
            self.say(f"    {name} ... {time.monotonic() - begun:.0f} s")

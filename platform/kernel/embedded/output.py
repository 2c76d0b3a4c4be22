"""The output of children: into a log each, warnings and errors also on the screen."""

import contextlib
import os
import re
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from kernel.embedded import places

LOUD = re.compile(r"\b(warning|error|critical|traceback)\b", re.IGNORECASE)
READ_AT_ONCE = 65536
WIDEST = 240
FLOOD = 20
FLOOD_WITHIN = 10.0


@dataclass
class Stream:
    """One child's output on its way into its log."""

    name: str
    path: Path
    log: BinaryIO
    show: Callable[[str], bool]
    rest: bytes = field(default=b"")
    shown_at: list[float] = field(default_factory=list)


def is_loud(line: str) -> bool:
    return LOUD.search(line) is not None


class Output:
    """Copies what the children print, while it waits for anything else."""

    def __init__(self, say: Callable[[str], object], wakeup: int) -> None:
        self.say = say
        self.selector = selectors.DefaultSelector()
        self.selector.register(wakeup, selectors.EVENT_READ, None)

    def follow(
        self,
        child: subprocess.Popen[bytes],
        name: str,
        path: Path,
        *,
        show: Callable[[str], bool] = is_loud,
    ) -> None:
        """Copy a child's output until it closes it; `show` picks the screen's lines."""
        if child.stdout is None:
            raise ValueError(f"{name} was started without a pipe.")
        stream = Stream(name, path, places.open_log(path), show)
        self.selector.register(child.stdout, selectors.EVENT_READ, stream)

    def drain(self, seconds: float) -> None:
        """Copy for so long; return early when a signal comes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            woken = False
            for key, _ in self.selector.select(left):
                if key.data is None:
                    woken = self._empty(key.fd)
                else:
                    self._copy(key.fileobj, key.data)  # type: ignore[arg-type]
            if woken:
                return

    def flush(self) -> None:
        """Copy what is there already."""
        for key, _ in self.selector.select(0):
            if key.data is not None:
                self._copy(key.fileobj, key.data)  # type: ignore[arg-type]

    def _empty(self, wakeup: int) -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, READ_AT_ONCE)
        return True

    def _copy(self, pipe: IO[bytes], stream: Stream) -> None:
        data = os.read(pipe.fileno(), READ_AT_ONCE)
        if not data:
            self.selector.unregister(pipe)
            pipe.close()
            stream.log.close()
            return
        stream.log.write(data)
        if stream.log.tell() > places.LOG_LIMIT:
            stream.log.close()
            stream.log = places.open_log(stream.path)
        *lines, stream.rest = (stream.rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if stream.show(text):
                self._show(stream, text)

    def _show(self, stream: Stream, text: str) -> None:
        """Show a line, cut to a screen's width; of a flood only its beginning."""
        now = time.monotonic()
        stream.shown_at = [at for at in stream.shown_at if now - at < FLOOD_WITHIN]
        stream.shown_at.append(now)
        if len(stream.shown_at) <= FLOOD:
            cut = text if len(text) <= WIDEST else text[: WIDEST - 4] + " ..."
            self.say(f"    {stream.name} | {cut}")
        elif len(stream.shown_at) == FLOOD + 1:
            self.say(f"    {stream.name} | more in {stream.path}")

"""Count what goes to the database, at the wire: a socket between client and server.

A statement is an answer that ends one: a Query may carry several, and a pipeline too.
A round trip is a message that has the server answer: Query, Sync, or a Flush of
something (psycopg sometimes sends one right behind a Sync, to be sure).
Speaks PostgreSQL's protocol version 3 as libpq does on a local socket: in the clear.
"""

import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PORT: Final = "5432"
#: Messages of the client that have the server answer.
ASKING: Final = {b"Q": "Query", b"S": "Sync"}
FLUSH: Final = b"H"
#: Messages of the server that end a statement.
ENDING: Final = {b"C": "CommandComplete", b"I": "EmptyQuery", b"E": "ErrorResponse"}
READY: Final = b"Z"
LENGTH: Final = 4
CHUNK: Final = 65536


@dataclass(frozen=True)
class Counts:
    """What went over the wire: statements, and how often the client had to wait."""

    statements: int
    round_trips: int

    def __sub__(self, earlier: "Counts") -> "Counts":
        return Counts(
            self.statements - earlier.statements,
            self.round_trips - earlier.round_trips,
        )


class Wire:
    """A counting socket before a server; clients connect to `directory`."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="wire-")
        self.directory = Path(self._folder.name)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.directory / f".s.PGSQL.{PORT}"))
        self._listener.listen()

    def __enter__(self) -> Self:
        in_background(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._folder.cleanup()

    def counts(self) -> Counts:
        """Return all that was seen so far. What a client has read is in it."""
        with self._lock:
            return Counts(self._seen["statements"], self._seen["round trips"])

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            server = self._connect()
            in_background(self._pump, client, server, self._count_asked())
            in_background(self._pump, server, client, self._count_ended())

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        count: Callable[[bytes], None],
    ) -> None:
        """Pass on what comes, counted before it is passed on."""
        with suppress(OSError):  # the other direction has ended
            while chunk := source.recv(CHUNK):
                count(chunk)
                target.sendall(chunk)
        for end in (source, target):
            hang_up(end)

    def _count_asked(self) -> Callable[[bytes], None]:
        messages = Messages(begins_with_a_type=False)

        has_asked = True

        def count(chunk: bytes) -> None:
            nonlocal has_asked
            asked = 0
            for kind in messages.of(chunk):
                is_asking = kind in ASKING or (kind == FLUSH and not has_asked)
                has_asked = is_asking or kind == FLUSH
                asked += is_asking
            with self._lock:
                self._seen["round trips"] += asked

        return count

    def _count_ended(self) -> Callable[[bytes], None]:
        messages = Messages(begins_with_a_type=True)
        is_ready = False

        def count(chunk: bytes) -> None:
            nonlocal is_ready
            ended = 0
            for kind in messages.of(chunk):
                is_ready = is_ready or kind == READY
                ended += is_ready and kind in ENDING
            with self._lock:
                self._seen["statements"] += ended

        return count


class Messages:
    """Cuts one direction of a conversation into messages and tells their types."""

    def __init__(self, *, begins_with_a_type: bool) -> None:
        self._rest = b""
        self._is_typed = begins_with_a_type

    def of(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the types of the messages that this chunk completes.

        The client's very first message has none, and is not told.
        """
        self._rest += chunk
        while True:
            head = int(self._is_typed)
            if len(self._rest) < head + LENGTH:
                return
            length = int.from_bytes(self._rest[head : head + LENGTH], "big")
            if len(self._rest) < head + length:
                return
            kind, self._rest = self._rest[:head], self._rest[head + length :]
            if self._is_typed:
                yield kind
            self._is_typed = True


def hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # the other side was first
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def in_background(function: Callable[..., None], *values: object) -> None:
    threading.Thread(target=function, args=values, daemon=True).start()

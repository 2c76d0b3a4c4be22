"""A pooler by transaction on a socket: few server connections for all clients.

As the real ones do, it gives a client a server connection at the begin of each
transaction, and any other at the next; nothing is reset in between.
"""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
HEADER = 5
ASKS_FOR_ANSWER = (b"Q", b"S")
TERMINATE, READY, IDLE = b"X", b"Z", b"I"


class Stream:
    """One side of a connection, read message by message."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def message(self) -> tuple[bytes, bytes]:
        """Return a message's kind, and all of it."""
        head = self.exactly(HEADER)
        (size,) = struct.unpack("!I", head[1:])
        return head[:1], head + self.exactly(size - 4)

    def startup(self) -> bytes:
        """Return a client's first message; TLS is refused before it."""
        while True:
            head = self.exactly(8)
            size, code = struct.unpack("!II", head)
            if code == CANCEL_REQUEST:
                raise EOFError
            if code != SSL_REQUEST:
                return head + self.exactly(size - 8)
            self.sock.sendall(b"N")


class Pooler:
    """Two connections to the server, lent in turn for a transaction each."""

    def __init__(self, server: str, directory: Path) -> None:
        self.server = server
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(directory / ".s.PGSQL.5432"))
        self.listener.listen()
        self.free: Queue[Stream] = Queue()
        self.greeting = b""
        self.guard = threading.Lock()
        self.open: list[socket.socket] = []

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                self.open.append(client)
                threading.Thread(target=self.attend, args=[client], daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for sock in (self.listener, *self.open):
            sock.close()

    def connect(self, startup: bytes) -> None:
        """Open both server connections at the first client, as that client."""
        for _number in range(2):
            upstream = Stream(socket.socket(socket.AF_UNIX))
            upstream.sock.connect(self.server)
            self.open.append(upstream.sock)
            upstream.sock.sendall(startup)
            self.greeting = b""
            kind = b""
            while kind != READY:
                kind, whole = upstream.message()
                self.greeting += whole
            self.free.put(upstream)

    def attend(self, sock: socket.socket) -> None:
        client = Stream(sock)
        # A socket that was closed meanwhile is no number to wait for: ValueError.
        with suppress(EOFError, OSError, Empty, ValueError):
            startup = client.startup()
            with self.guard:
                if not self.greeting:
                    self.connect(startup)
            sock.sendall(self.greeting)
            while True:
                self.transaction(client)

    def transaction(self, client: Stream) -> None:
        """Carry messages to one server connection until it is idle again."""
        first = client.message()
        if first[0] == TERMINATE:
            raise EOFError
        upstream = self.free.get(timeout=30)
        try:
            last = self.carry(client, upstream, first)
        finally:
            # Before the client hears of the end: its next statement finds it free.
            self.free.put(upstream)
        client.sock.sendall(last)

    def carry(
        self, client: Stream, upstream: Stream, message: tuple[bytes, bytes]
    ) -> bytes:
        """Pass on what either side says, until the server is idle and owes nothing.

        Returns the server's last message, which the client has not got yet.
        """
        owed = 0
        while True:
            kind, whole = message
            if kind == TERMINATE:
                self.abandon(upstream, owed)
                raise EOFError
            upstream.sock.sendall(whole)
            owed += kind in ASKS_FOR_ANSWER
            while True:
                ready, _, _ = select.select([client.sock, upstream.sock], [], [], 30)
                if upstream.sock in ready:
                    kind, whole = upstream.message()
                    owed -= kind == READY
                    if kind == READY and whole[-1:] == IDLE and not owed:
                        return whole
                    client.sock.sendall(whole)
                elif ready:
                    break
                else:
                    raise EOFError
            message = client.message()

    def abandon(self, upstream: Stream, owed: int) -> None:
        """End what a client left open when it went away."""
        upstream.sock.sendall(simple("ROLLBACK"))
        owed += 1
        while owed:
            owed -= upstream.message()[0] == READY


def simple(statement: str) -> bytes:
    text = statement.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(text) + 4) + text


@contextmanager
def running(server: str, directory: Path) -> Iterator[Pooler]:
    """Run a pooler before the server's socket; its own is in the directory."""
    pooler = Pooler(server, directory)
    thread = threading.Thread(target=pooler.serve, daemon=True)
    thread.start()
    try:
        yield pooler
    finally:
        pooler.close()
        thread.join(5)

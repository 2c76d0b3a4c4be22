"""A DNS server on the loopback that says what a test wants, lies included.

It answers like a resolver: a chain of aliases comes with its end.
"""

import socket
import socketserver
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

#: How a name can be answered beside what the zone holds.
SILENT, SERVFAIL, REFUSED, GARBAGE = "silent", "servfail", "refused", "garbage"
FAULTS = {SERVFAIL: dns.rcode.SERVFAIL, REFUSED: dns.rcode.REFUSED}
LONGEST_CHAIN = 8


class Dns:
    """The zone of a server: `set(name, kind, values)`, `fault(name, how)`."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.faults: dict[str, str] = {}
        self.truncated = False
        self.asked: list[tuple[str, str, str]] = []
        #: Called at each question, in the thread of the server.
        self.on_question: Callable[[], object] = lambda: None
        self.lock = Lock()
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def set(self, name: str, kind: str, *values: str) -> None:
        self.zone[name, kind] = list(values)

    def clear(self, name: str) -> None:
        self.zone = {key: one for key, one in self.zone.items() if key[0] != name}

    def fault(self, name: str, how: str) -> None:
        self.faults[name] = how

    def answer(self, wire: bytes, *, over: str) -> bytes | None:
        """Return the answer to a question; None stays silent."""
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        with self.lock:
            self.asked.append((name, kind, over))
        self.on_question()
        fault = self.faults.get(name) or self.faults.get("*")
        if fault == SILENT:
            return None
        if fault == GARBAGE:
            return b"\x00garbage"
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if fault:
            answer.set_rcode(FAULTS[fault])
        else:
            self.fill(answer, name, kind)
        if self.truncated and over == "udp":
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        return answer.to_wire(max_size=65535)

    def fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        for _hop in range(LONGEST_CHAIN):
            target = self.zone.get((name, "CNAME"))
            if not target:
                break
            answer.answer.append(
                dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target[0]}.")
            )
            name = target[0]
        values = self.zone.get((name, kind), [])
        if values:
            answer.answer.append(
                dns.rrset.from_text(f"{name}.", 60, "IN", kind, *values)
            )
        elif not any(key[0] == name for key in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)


@contextmanager
def serving() -> Iterator[Dns]:
    """Run a server on one port, by UDP and TCP."""
    zone = Dns()

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, there = self.request
            answer = zone.answer(wire, over="udp")
            if answer is not None:
                there.sendto(answer, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (size,) = struct.unpack("!H", self.rfile.read(2))
            answer = zone.answer(self.rfile.read(size), over="tcp")
            if answer is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    servers = pair(Udp, Tcp)
    zone.port = servers[0].server_address[1]
    threads = [Thread(target=one.serve_forever, args=(0.01,)) for one in servers]
    for thread in threads:
        thread.start()
    try:
        yield zone
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def pair(
    udp: type[socketserver.BaseRequestHandler],
    tcp: type[socketserver.BaseRequestHandler],
) -> tuple[socketserver.BaseServer, socketserver.BaseServer]:
    """Return servers of both kinds on one port, which the kernel picks."""
    while True:
        first = socketserver.ThreadingUDPServer(("127.0.0.1", 0), udp)
        try:
            port = first.server_address[1]
            return first, socketserver.ThreadingTCPServer(("127.0.0.1", port), tcp)
        except OSError:
            first.server_close()


def closed_port() -> str:
    """Return an address where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{tried.getsockname()[1]}"

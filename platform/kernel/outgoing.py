"""Sockets of outgoing connections: to addresses that were looked at, until a deadline.

The client is `kernel.http`; nothing else uses this module.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context


class NotReached(Exception):
    """Nobody answered."""


class TimedOut(NotReached):
    """Nobody answered in time."""


class Refused(NotReached):
    """This address is not asked."""


@dataclass(frozen=True)
class Bounds:
    """Until when a call may go on, and whether it may reach private addresses."""

    give_up: float = math.inf
    is_trusted: bool = False

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError where none are."""
        left = self.give_up - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


NONE = Bounds()
_bounds: ContextVar[Bounds] = ContextVar("outgoing_bounds", default=NONE)


@contextmanager
def bounded(seconds: float, *, is_trusted: bool) -> Iterator[None]:
    """Hold what is asked in the block to a time, and to public addresses."""
    token = _bounds.set(Bounds(time.monotonic() + seconds, is_trusted))
    try:
        yield
    finally:
        _bounds.reset(token)


class _Until:
    """A socket whose every wait ends at the deadline of the call.

    A time-out alone begins anew with each byte, so a server could drip for ever.
    """

    def recv_into(self: Any, *args: Any, **more: Any) -> int:
        self.settimeout(_shortest(self.gettimeout()))
        return int(super().recv_into(*args, **more))  # type: ignore[misc]

    def send(self: Any, *args: Any, **more: Any) -> int:
        self.settimeout(_shortest(self.gettimeout()))
        return int(super().send(*args, **more))  # type: ignore[misc]


class _Socket(_Until, socket.socket):
    pass


class _SecureSocket(_Until, ssl.SSLSocket):
    pass


def _shortest(timeout: float | None) -> float:
    left = _bounds.get().left()
    return left if timeout is None else min(timeout, left)


def connect(host: str, port: int, timeout: float | None) -> socket.socket:
    """Return a connection to the host, at an address that may be asked.

    Raises Refused where one of its addresses is private: such a name is a trap.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not _bounds.get().is_trusted:
        for *_, where in found:
            _require_public(str(where[0]))
    failure: OSError = ConnectionError("no address")
    for family, kind, protocol, _, where in found:
        try:
            return _connected(_Socket(family, kind, protocol), where, timeout)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: _Socket, where: Any, timeout: float | None) -> _Socket:
    try:
        sock.settimeout(_shortest(timeout))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(where)
        sock.settimeout(timeout)
    except BaseException:
        sock.close()
        raise
    return sock


#: IPv6 addresses that lead to the IPv4 address in their last 32 bits.
NAT64 = ip_network("64:ff9b::/96")


def _require_public(text: str) -> None:
    address = _inner(ip_address(text.partition("%")[0]))
    if not address.is_global or address.is_multicast:
        raise Refused("a private address")


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one wraps, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, self.port, _seconds(self.timeout))


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, self.port or 443, _seconds(self.timeout))


def _seconds(timeout: Any) -> float | None:
    return float(timeout) if isinstance(timeout, int | float) else None


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = _SecureSocket
        super().init_poolmanager(*args, **more, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _Pool,
            "https": _SecurePool,
        }


def transport() -> HTTPAdapter:
    """Return what a session of `requests` connects by; it tries once."""
    return _Adapter(max_retries=0, pool_connections=1, pool_maxsize=1)

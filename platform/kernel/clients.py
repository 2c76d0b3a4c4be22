"""Who is calling, as far as a limit needs to know."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

#: A household or a company has a /64; its single addresses cost nothing.
IPV6_PREFIX = 64


_present: ContextVar[str] = ContextVar("client", default="")


@contextmanager
def asking(request: HttpRequest) -> Iterator[None]:
    """Know inside the block whose request is answered."""
    token = _present.set(prefix(request))
    try:
        yield
    finally:
        _present.reset(token)


def present() -> str:
    """Return the client whose request is answered now; empty where there is none."""
    return _present.get()


def prefix(request: HttpRequest | None) -> str:
    """Return the client's address; of an IPv6 address the /64; `-` where unknown."""
    if request is None:
        return "-"
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return "-"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        # A server that hears both kinds writes an IPv4 client so; they share no /64.
        return str(address.ipv4_mapped)
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


def address_of(request: HttpRequest) -> str:
    """Return REMOTE_ADDR, or the entry that TRUSTED_PROXY_COUNT points at."""
    count = settings.TRUSTED_PROXY_COUNT
    # Not `request.headers`, which keeps what the middleware of hosts takes away.
    sent = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    hops = sent.split(",") if sent.strip() else []
    if count and len(hops) >= count:
        return hops[-count].strip()
    return str(request.META.get("REMOTE_ADDR", ""))

"""Who is calling: a coarse address for limits, and whether a page of ours asked."""

from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from accounts.errors import CrossSite

IPV6_PREFIX = 64
LABEL_LENGTH = 80


def prefix(request: HttpRequest | None) -> str:
    """Return the client's address; of an IPv6 address the /64; `-` where unknown."""
    if request is None:
        return "-"
    try:
        address = ip_address(_address(request))
    except ValueError:
        return "-"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


def _address(request: HttpRequest) -> str:
    """Return REMOTE_ADDR, or the entry that TRUSTED_PROXY_COUNT points at."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    count = getattr(settings, "TRUSTED_PROXY_COUNT", 0)
    hops = [
        hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")
    ]
    if count and len(hops) >= count:
        return hops[-count]
    return remote


def label(request: HttpRequest) -> str:
    """Return the start of the client's own description, printable only."""
    text = request.headers.get("User-Agent", "")
    return "".join(c for c in text if c.isprintable() and c.isascii())[:LABEL_LENGTH]


def require_same_site(request: HttpRequest) -> None:
    """Raise CrossSite where a browser says that another site asked.

    A client without either header is no browser and brings no cookie by itself.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        if fetch_site != "same-origin":
            raise CrossSite
        return
    origin = request.headers.get("Origin")
    if origin is not None and not _is_own(request, origin):
        raise CrossSite


def _is_own(request: HttpRequest, origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc) == (request.scheme, request.get_host())

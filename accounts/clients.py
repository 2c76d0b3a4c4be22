"""What a client says of itself, and whether a page of ours asked."""

from urllib.parse import urlsplit

from django.http import HttpRequest

from accounts.errors import CrossSite
from kernel.clients import prefix

__all__ = ["label", "prefix", "require_same_site"]

LABEL_LENGTH = 80


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

"""What a client says of itself, and whether a page of ours asked."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.http import HttpRequest

from accounts.errors import CrossSite
from kernel.clients import prefix

__all__ = ["label", "prefix", "require_same_site"]

LABEL_LENGTH = 80
#: What browsers and systems are known by; the first that is found counts.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def label(request: HttpRequest) -> str:
    """Return what a person recognises the client by, like "Firefox on Linux".

    Of a program that is no browser it is the start of its own description, printable
    only.
    """
    text = request.headers.get("User-Agent", "")
    if text.startswith("Mozilla/"):
        browser, system = _first(BROWSERS, text), _first(SYSTEMS, text)
        if browser and system:
            return f"{browser} on {system}"
    return "".join(c for c in text if c.isprintable() and c.isascii())[:LABEL_LENGTH]


def _first(words: Mapping[str, str], text: str) -> str:
    return next((name for word, name in words.items() if word in text), "")


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

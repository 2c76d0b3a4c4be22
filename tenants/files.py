"""The addresses of files: signed, for one tenant and one host, good for five minutes.

Everything that is wrong with an address is the same 404: another tenant's, another
host's, too old, changed, of a file that is gone, or asked for by a stranger.
"""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_safe

from kernel.errors import NotFound
from tenants import hosts, signing
from tenants.signing import BadSignature

PATH: Final = "/files/"
GOOD_FOR: Final = timedelta(minutes=5)
SALT: Final = "tenants.files"
#: What a browser may show by itself: pictures that cannot hold a script.
SHOWN: Final = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
ANY_TYPE: Final = "application/octet-stream"
HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def address(name: str) -> str:
    """Return where a file of the entered tenant can be fetched by its people."""
    base = hosts.absolute_url(PATH)
    value = {"name": name, "host": host_in(urlsplit(base).netloc)}
    return base + signing.dumps(value, salt=SALT, compress=True)


@require_safe
def serve(request: HttpRequest, signed: str) -> FileResponse:
    """Send a file to somebody who is signed in. Raises NotFound for all else."""
    if not request.user.is_authenticated:
        raise NotFound
    return response(opened(name_in(signed, host=host_in(request.META["HTTP_HOST"]))))


def host_in(raw: str) -> str:
    return hosts.canonical_host(raw) or ""


def name_in(signed: str, *, host: str) -> str:
    """Return the name that was signed for this tenant and host, not long ago."""
    try:
        value = signing.loads(signed, salt=SALT, max_age=GOOD_FOR)
    except BadSignature:
        raise NotFound from None
    if value["host"] != host:
        raise NotFound
    return str(value["name"])


def opened(name: str) -> "File[bytes]":
    try:
        return default_storage.open(name)
    except (OSError, SuspiciousFileOperation):
        raise NotFound from None


def response(file: "File[bytes]") -> FileResponse:
    """Return a file as something to save; to look at where that can do no harm."""
    path = PurePosixPath(file.name or "")
    kind = SHOWN.get(path.suffix.lower())
    return FileResponse(
        file,
        as_attachment=kind is None,
        filename=path.name,
        content_type=kind or ANY_TYPE,
        headers=HEADERS,
    )

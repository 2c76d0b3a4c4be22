"""Logos: what somebody uploads is decoded, made small and written anew as PNG.

Nothing of the upload itself is kept: no second file behind the picture, no profile, no
place where it was taken. The name holds the hash of the content, so its address may be
kept for a year by whoever shows it.
"""

import hashlib
import re
from io import BytesIO
from typing import IO

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from accounts.errors import LogoInvalid, LogoTooLarge

KINDS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 512 * 1024
LONGEST_SIDE = 2000
#: What is kept fits into this.
KEPT = (600, 200)
DIGITS = 32
FOLDER = "branding"
NAME = re.compile(r"branding/logo-([0-9a-f]{32})\.png\Z")


def read(upload: IO[bytes]) -> bytes:
    """Return an uploaded logo as a PNG of ours.

    Raises LogoTooLarge above 512 KiB or 2000 pixels a side, and LogoInvalid for what is
    no still picture in PNG, JPEG or WebP, or ends too early.
    """
    content = upload.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise LogoTooLarge
    return written_anew(content)


def written_anew(content: bytes) -> bytes:
    """Return the pixels of a picture as PNG, within 600 by 200, and nothing else."""
    try:
        picture = _opened(content)
        pixels = _pixels(picture)
    except (LogoInvalid, LogoTooLarge):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LogoTooLarge from None
    except Exception:  # noqa: BLE001 - a decoder fails in whatever way the bytes ask for
        raise LogoInvalid from None
    pixels.thumbnail(KEPT, Image.Resampling.LANCZOS)
    out = BytesIO()
    pixels.save(out, "PNG", optimize=True)
    return out.getvalue()


def _opened(content: bytes) -> Image.Image:
    """Return the picture before its pixels are decoded, where its size allows it."""
    picture = Image.open(BytesIO(content), formats=KINDS)
    if max(picture.size) > LONGEST_SIDE:
        raise LogoTooLarge
    if getattr(picture, "is_animated", False):
        raise LogoInvalid("A logo does not move: use a still picture.")
    return picture


def _pixels(picture: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    # A picture made of the bare pixels carries no profile and no remark along.
    return Image.frombytes("RGBA", upright.size, upright.tobytes())


def keep(png: bytes) -> str:
    """Store a PNG of ours for the entered tenant and return its name."""
    name = name_for(png)
    if not default_storage.exists(name):
        return default_storage.save(name, ContentFile(png))
    return name


def name_for(png: bytes) -> str:
    """Return under which name a PNG of ours is stored."""
    return name_of(hashlib.sha256(png).hexdigest()[:DIGITS])


def names() -> list[str]:
    """Return the logos that are stored for the entered tenant."""
    try:
        _folders, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:  # before the first one, where folders are real
        return []
    return [name for file in files if NAME.match(name := f"{FOLDER}/{file}")]


def drop(name: str) -> None:
    """Remove a stored logo; one that is gone already is no matter."""
    if NAME.match(name):
        default_storage.delete(name)


def path_of(name: str) -> str:
    """Return where the tenant's site shows a stored logo; empty for none."""
    found = NAME.match(name)
    return f"/branding/logo-{found[1]}.png" if found else ""


def name_of(digest: str) -> str:
    return f"{FOLDER}/logo-{digest}.png"


def opened(name: str) -> bytes | None:
    """Return the content of a stored logo, or None where the file is gone."""
    try:
        with default_storage.open(name) as file:
            content: bytes = file.read()
            return content
    except (OSError, SuspiciousFileOperation):
        return None

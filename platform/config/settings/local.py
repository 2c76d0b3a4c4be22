"""What development and tests share: secrets and addresses made on this machine."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from kernel import env
from kernel.embedded import addresses


def server(name: str, default: str) -> str:
    """Return an address: the variable, the running embedded server, or `default`."""
    return env.text(name) or addresses.running().get(name, default)


def kept_secret(path: Path) -> str:
    """Return the secret in a file that only the owner can read; made at first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        put_whole(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()


def put_whole(path: Path, text: str) -> None:
    """Write a new file, so that another process sees all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    try:
        # A process that was faster keeps its secret; ours is thrown away.
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()

"""What development and tests share: secrets and addresses made on this machine."""

import os
import secrets
from pathlib import Path

from kernel import env
from kernel.embedded import addresses


def server(name: str, default: str) -> str:
    """Return an address: the variable, the running embedded server, or `default`."""
    return env.text(name) or addresses.running().get(name, default)


def kept_secret(path: Path) -> str:
    """Return the secret in a file that only the owner can read; made at first use."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with path.open("x", encoding="ascii", opener=private) as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

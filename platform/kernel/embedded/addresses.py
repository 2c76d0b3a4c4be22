"""The addresses of the servers, and how other processes find the running ones."""

import contextlib
import os
import re
import socket
from pathlib import Path
from urllib.parse import quote, unquote

from kernel.embedded import locks, places


def database_url(directory: Path) -> str:
    return f"postgres://tenantry@/tenantry?host={quote(str(directory), safe='')}"


def broker_url(path: Path) -> str:
    return f"redis+socket://{quote(str(path))}?virtual_host=0"


def masked(url: str) -> str:
    """Return a URL without its password, fit for a screen or a log."""
    return re.sub(r"(://[^/@]*?:)[^/@]*@", r"\1***@", url)


def publish(data: Path, url: str) -> None:
    """Write NAME.addr for other processes, whole or not at all."""
    fresh = places.beside(data, f".addr.{os.getpid()}")
    fresh.write_text(url + "\n")
    fresh.replace(places.beside(data, ".addr"))


def withdraw(data: Path) -> None:
    places.beside(data, ".addr").unlink(missing_ok=True)


def running() -> dict[str, str]:
    """Return the addresses of the embedded servers that answer now.

    The keys are DATABASE_URL and CELERY_BROKER_URL; a server that does not answer, or
    that this user may not reach, has none.
    """
    return {
        name: url
        for name, pattern, answers in (
            ("DATABASE_URL", "pg*.addr", database_answers),
            ("CELERY_BROKER_URL", "valkey*.addr", broker_answers),
        )
        for url in _written(pattern)
        if answers(url)
    }


def demo_port() -> int | None:
    """Return the web port of the running demo, or None where none runs."""
    path = places.data_dir() / "demo.lock"
    note = locks.read(path).note if locks.is_held(path) else ""
    return int(note) if note.isdigit() else None


def _written(pattern: str) -> list[str]:
    found = []
    for path in sorted(places.data_dir().glob(pattern)):
        with contextlib.suppress(OSError):
            found.append(path.read_text().strip())
    return found


def database_answers(url: str) -> bool:
    directory = unquote(url.partition("?host=")[2])
    return bool(directory) and accepts(Path(directory) / ".s.PGSQL.5432")


def broker_answers(url: str) -> bool:
    path = unquote(url.removeprefix("redis+socket://").partition("?")[0])
    return bool(path) and pongs(Path(path))


def accepts(path: Path) -> bool:
    """Tell whether somebody listens on this socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def pongs(path: Path) -> bool:
    """Tell whether a Valkey answers there; one that still loads its data does not."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False

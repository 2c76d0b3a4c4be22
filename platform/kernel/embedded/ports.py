"""The web port: which one is wanted, whether it is free, who holds it."""

import contextlib
import errno
import os
import socket
from pathlib import Path

from kernel.embedded.errors import EmbeddedError, InUse

DEFAULT = 8000
HIGHEST = 65535


def wanted() -> int:
    """Return the port that PORT names, 8000 where it names none."""
    text = os.environ.get("PORT", "").strip() or str(DEFAULT)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST:
        raise EmbeddedError(
            f"PORT={text} is no port; use a number from 1 to {HIGHEST}."
        )
    return int(text)


def loopback_hosts() -> list[str]:
    """Return the addresses that `acme.localhost` may stand for on this machine."""
    return ["127.0.0.1", *(["::1"] if _has_ipv6() else [])]


def require_free(port: int) -> None:
    """Raise InUse, with the holder's pid where it can be read."""
    for host in loopback_hosts():
        with _listener(host) as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                raise _refusal(port, error) from error


def _refusal(port: int, error: OSError) -> EmbeddedError:
    if error.errno != errno.EADDRINUSE:
        return EmbeddedError(f"Port {port} cannot be used: {error.strerror}.")
    pid = _holder(port)
    by = f" by pid {pid}" if pid else ""
    other = port + 1 if port < HIGHEST else DEFAULT
    return InUse(f"Port {port} is in use{by}; try: make demo PORT={other}")


def _has_ipv6() -> bool:
    try:
        with _listener("::1") as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _listener(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = socket.socket(family)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe


def _holder(port: int) -> int | None:
    """Return the pid of a listener, where /proc shows it to this user."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (entry / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        return int(entry.name)
    return None


def _listening_inodes(port: int) -> list[str]:
    inodes = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                is_listening = fields[3] == "0A"
                if is_listening and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.append(fields[9])
    return inodes

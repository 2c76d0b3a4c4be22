"""Where data, logs and sockets lie.

.data/pg18          a data directory, named after the major version
.data/pg18.init     the same while it is being made
.data/pg18.lock     held by the process that owns the server
.data/pg18.log      the server's output, kept below twice 10 MB
.data/pg18.addr     the address, while the server runs
/tmp/tenantry-…     its socket: a path of at most 107 bytes, closed to others

What tests keep lies in memory, under /dev/shm/tenantry-…, where there is room.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from kernel.embedded.errors import EmbeddedError

ROOT = Path(__file__).resolve().parents[3]
OTHERS = stat.S_IRWXG | stat.S_IRWXO
MEMORY = Path("/dev/shm")  # noqa: S108 - what lies there has to be our own
#: More than the databases of a whole run take.
ROOM = 2 * 1024**3
LOG_LIMIT = 10 * 1024 * 1024
LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432.lock")


def data_dir() -> Path:
    """Return the directory of all data: TENANTRY_DATA_DIR, or .data of the project."""
    named = os.environ.get("TENANTRY_DATA_DIR")
    return Path(named).resolve() if named else ROOT / ".data"


def memory_dir() -> Path:
    """Return the directory in memory for data that may be lost; it need not exist."""
    key = hashlib.sha256(f"{os.geteuid()}:{data_dir()}".encode()).hexdigest()[:12]
    return MEMORY / f"tenantry-{key}"


def has_memory() -> bool:
    """Tell whether data may lie in memory: with room, and not at another user's."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return False
    try:
        return memory_dir().lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return True


def beside(data: Path, suffix: str) -> Path:
    return data.with_name(data.name + suffix)


def make_directory(directory: Path) -> None:
    """Make a directory that other users may pass through; leave an existing one."""
    missing = [p for p in (directory, *directory.parents) if not p.exists()]
    try:
        for parent in reversed(missing):
            parent.mkdir()
            parent.chmod(0o755)  # whatever the umask: the server may be another user
    except OSError as error:
        raise EmbeddedError(f"Cannot make {directory}: {error.strerror}.") from error


def open_log(path: Path) -> BinaryIO:
    """Open a log to append to; one of more than 10 MB is put aside as NAME.1."""
    try:
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(beside(path, ".1"))
        return path.open("ab", buffering=0)
    except OSError as error:
        raise EmbeddedError(f"Cannot write {path}: {error.strerror}.") from error


def last_lines(path: Path, count: int = 20) -> str:
    """Return the end of a log, for an error message."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def socket_directory(data: Path, *, uid: int, gid: int) -> Path:
    """Make, or verify, the directory of the sockets for this data directory.

    Its owner is `uid` and nobody else may enter; one planted by somebody else is an
    error, since a trusting server would listen there.
    """
    key = hashlib.sha256(f"{uid}:{data}".encode()).hexdigest()[:12]
    directory = _temporary_directory() / f"tenantry-{key}"
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedError(f"Cannot make {directory}: {error.strerror}.") from error
    _hand_over(directory, uid, gid)
    found = directory.lstat()
    is_closed = stat.S_ISDIR(found.st_mode) and not found.st_mode & OTHERS
    if not is_closed or found.st_uid != uid:
        raise EmbeddedError(
            f"{directory} is not a directory that only user {uid} may enter; remove it."
        )
    return directory


def _hand_over(directory: Path, uid: int, gid: int) -> None:
    """Give root's own new directory to the user that root drops to."""
    found = directory.lstat()
    if os.geteuid() == found.st_uid == 0 != uid and stat.S_ISDIR(found.st_mode):
        os.chown(directory, uid, gid, follow_symlinks=False)


def _temporary_directory() -> Path:
    """Return the system's temporary directory, or /tmp where its path is too long."""
    directory = Path(tempfile.gettempdir())
    name = f"{directory}/tenantry-{'0' * 12}"
    return directory if len(name.encode()) <= LONGEST_SOCKET_DIRECTORY else Path("/tmp")  # noqa: S108 - the one short path there is; owner and mode are verified

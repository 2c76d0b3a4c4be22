"""Who owns a data directory: a lock that the kernel lets go when its holder dies."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kernel.embedded.errors import EmbeddedError, InUse


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock; `note` is what it wrote about itself."""

    pid: int
    since: str
    note: str = ""

    def __str__(self) -> str:
        return f"pid {self.pid} since {self.since}"


class Lock:
    """An exclusive lock on a file that stays; its text names the holder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, *, note: str = "") -> None:
        """Take the lock, or raise InUse with the holder's pid and start."""
        descriptor = _open(self.path)
        if not _locked(descriptor):
            os.close(descriptor)
            raise InUse(f"{self.path.with_suffix('')} is in use by {read(self.path)}.")
        since = datetime.now(tz=UTC).astimezone().isoformat(sep=" ", timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.pwrite(
            descriptor, json.dumps(asdict(Holder(os.getpid(), since, note))).encode(), 0
        )
        self._descriptor = descriptor

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(path: Path) -> Holder | None:
    """Return who holds the lock, or None when nobody does."""
    if not path.exists():
        return None
    descriptor = _open(path)
    try:
        return None if _locked(descriptor) else read(path)
    finally:
        os.close(descriptor)


def read(path: Path) -> Holder:
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):  # it is writing this very moment
        return Holder(pid=0, since="just now")


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise EmbeddedError(f"Cannot write {path}: {error.strerror}.") from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Write an archive: entry by entry, whole or not at all."""

import errno
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.portability import signature
from tenants.portability.errors import FileThere, FileUnwritable
from tenants.portability.manifest import MANIFEST, SIGNATURE, SUMS, Manifest
from tenants.portability.rows import Shape

LEVEL: Final = 6
BLOCK: Final = 1 << 20
#: A file that nobody but its owner may read.
MODE: Final = 0o600
#: What a disk says that has no room left, for anybody, for this user, in this file.
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(slots=True)
class Entry:
    """An entry that is being written: what went into it so far.

    It begins with the first bytes, since most tables of a tenant are empty.
    """

    archive: "Writer"
    name: str
    rows: int = 0
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    _file: IO[bytes] | None = None

    def write(self, block: bytes) -> None:
        if self._file is None:
            self._file = self.archive.begun(self.name)
        self._file.write(block)
        self.digest.update(block)
        self.size += len(block)

    def line(self, shape: Shape | None, line: bytes) -> None:
        """Write a row, as its table has it or in another shape."""
        self.write(shape(line) if shape else line)
        self.rows += 1

    def end(self) -> None:
        """Close the entry; one without content is there all the same."""
        if self._file is None:
            self.archive.put(self.name, b"", is_listed=False)
        else:
            self._file.close()
        self.archive.list(self.name, self.sha256)

    @property
    def sha256(self) -> str:
        return str(self.digest.hexdigest())


class Writer:
    """An archive that is being written."""

    def __init__(self, file: IO[bytes], *, at: datetime) -> None:
        self._zip = zipfile.ZipFile(
            file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL
        )
        self._at = at.timetuple()[:6]
        self._sums: dict[str, str] = {}
        self._open: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of the file, also in the middle of an entry."""
        if self._open is not None:
            self._open.close()
        self._zip.close()

    def begun(self, name: str) -> IO[bytes]:
        self._open = self._zip.open(self._info(name), "w", force_zip64=True)
        return self._open

    def entry(self, name: str) -> Entry:
        return Entry(self, name)

    def put(self, name: str, content: bytes, *, is_listed: bool = True) -> str:
        """Write a whole entry; return its checksum."""
        self._zip.writestr(self._info(name), content, compresslevel=LEVEL)
        digest = hashlib.sha256(content).hexdigest()
        if is_listed:
            self.list(name, digest)
        return digest

    def list(self, name: str, digest: str) -> None:
        self._sums[name] = digest

    def close(self, manifest: Manifest, *, key: Ed25519PrivateKey | None) -> None:
        """Write the manifest, the checksums, and a signature where there is a key."""
        self.put(MANIFEST, manifest.model_dump_json(indent=1).encode())
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
        sums = "".join(lines).encode()
        self.put(SUMS, sums, is_listed=False)
        if key is not None:
            self.put(SIGNATURE, signature.signed(sums, key), is_listed=False)
        self._zip.close()

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, date_time=self._at)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = MODE << 16
        return info


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write; it gets its name once it is whole and on the disk.

    Raises FileThere where the name is taken, before and after, and FileUnwritable.
    """
    require_free(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with room_for(path), opened(part, path=path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        give_name(part, path)
    finally:
        with suppress(OSError):
            part.unlink()


def opened(part: Path, *, path: Path) -> IO[bytes]:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE)
    except ValueError as error:  # no name of a file
        raise FileUnwritable(f"{path} cannot be written.") from error
    except OSError as error:
        raise unwritable(path, error) from error
    return os.fdopen(number, "w+b")


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Say which file the disk has no room for; other errors are not about it."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise unwritable(path, error) from error


def give_name(part: Path, path: Path) -> None:
    """Rename a file, but never in the place of another."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise there(path) from None
    except OSError:
        rename_without_links(part, path)


def rename_without_links(part: Path, path: Path) -> None:
    """Take the name first, where the file system has no links."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, MODE))
        part.replace(path)
    except FileExistsError:
        raise there(path) from None
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> FileUnwritable:
    return FileUnwritable(f"{path} cannot be written: {error.strerror}.")


def there(path: Path) -> FileThere:
    return FileThere(f"{path} is there already.")


def require_free(path: Path) -> None:
    """Raise FileThere where a file has this name, FileUnwritable where none may be."""
    try:
        is_taken = path.exists()
    except OSError as error:
        raise unwritable(path, error) from error
    if is_taken:
        raise there(path)


def sha256_of(path: Path, said: Callable[[int], object] = bool) -> str:
    """Return the checksum of a whole file; `said` gets the bytes of each part."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            said(len(block))
    return digest.hexdigest()

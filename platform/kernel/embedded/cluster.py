"""A PostgreSQL data directory: made whole or not at all, and checked before use."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from kernel.embedded import places, process
from kernel.embedded.errors import CannotStart
from kernel.embedded.identity import Seat

ENVIRONMENT = {"PATH": os.defpath, "HOME": "/", "LC_ALL": "C", "TZ": "UTC"}


def ensure(
    seat: Seat, *, log: Path, test: bool, pause: Callable[[float], object]
) -> bool:
    """Make the cluster unless it is there; True when it is new.

    Raises CannotStart for a directory of another major version or layout.
    """
    half_made = places.beside(seat.data, ".init")
    if half_made.exists():
        shutil.rmtree(half_made)
    if _is_filled(seat.data):
        _check(seat)
        return False
    try:
        _hand_over(half_made, seat)
        _initdb(seat, half_made, log=log, test=test, pause=pause)
        half_made.rename(seat.data)
    except BaseException:
        shutil.rmtree(half_made, ignore_errors=True)
        raise
    return True


def _is_filled(data: Path) -> bool:
    return data.exists() and any(data.iterdir())


def _check(seat: Seat) -> None:
    version = seat.data / "PG_VERSION"
    if not version.exists():
        raise CannotStart(
            f"{seat.data} holds no PostgreSQL cluster; move it away, or RESET=1."
        )
    found = version.read_text().strip()
    if found != str(seat.binaries.major):
        raise CannotStart(
            f"{seat.data} was made by PostgreSQL {found}, the programs in "
            f"{seat.binaries.directory} are PostgreSQL {seat.binaries.major}."
        )


def _hand_over(directory: Path, seat: Seat) -> None:
    try:
        directory.mkdir(mode=0o700)
        if seat.uid != os.geteuid():
            os.chown(directory, seat.uid, seat.gid)
    except OSError as error:
        raise CannotStart(f"Cannot make {directory}: {error.strerror}.") from error


def _initdb(
    seat: Seat,
    target: Path,
    *,
    log: Path,
    test: bool,
    pause: Callable[[float], object],
) -> None:
    """Fill the directory; the collation is built in, so it needs no system locale."""
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    if seat.binaries.major < 17:  # noqa: PLR2004 - the first with a built-in provider
        locale = ["--locale=C"]
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"]
    with places.open_log(log) as output:
        child = process.spawn(
            [
                seat.binaries.program("initdb"),
                *options,
                *locale,
                *(["--no-sync"] if test else []),
                "-D",
                str(target),
            ],
            death=signal.SIGKILL,
            output=output,
            options=[*seat.options, "--chdir=/", "--ends=group"],
            env=ENVIRONMENT,
        )
    try:
        while child.poll() is None:
            pause(0.02)
    finally:
        if child.returncode != 0:
            process.kill_group(child)
            child.wait()
    if child.returncode != 0:
        raise CannotStart(
            f"initdb could not make {seat.data} (see {log}):\n{places.last_lines(log)}"
        )

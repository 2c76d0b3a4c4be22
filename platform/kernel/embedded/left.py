"""What a killed PostgreSQL left in its data directory, before the next start.

Call it only while holding the lock of the data: then a pid file names no rightful
owner, whatever process has that pid now.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from kernel.embedded import addresses, orphans
from kernel.embedded.errors import CannotStart
from kernel.embedded.orphans import Left

ENDED_WITHIN = 30.0
CLEARED_WITHIN = 10.0


def clear(data: Path, *, say: Callable[[str], object]) -> None:
    """End a server without an owner; remove a pid file that names somebody else.

    A pid file whose process is gone is left to PostgreSQL, which also looks for
    processes that still have its shared memory.
    """
    lines = _read(data)
    if not lines:
        return
    pid = abs(int(lines[0]))
    what = orphans.look(pid, program="postgres", directory=data)
    if what is Left.OURS:
        _end(pid, data, say=say)
    elif what in (Left.FOREIGN, Left.DEAD):
        _remove(data, lines)


def _read(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _end(pid: int, data: Path, *, say: Callable[[str], object]) -> None:
    say(f"Ending a PostgreSQL that lost its owner (pid {pid}).")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + ENDED_WITHIN
    while orphans.look(pid, program="postgres", directory=data) is Left.OURS:
        if time.monotonic() > deadline:
            raise CannotStart(f"A PostgreSQL of {data} does not end (pid {pid}).")
        time.sleep(0.03)


def _remove(data: Path, lines: list[str]) -> None:
    """Remove a stale pid file, once no process of the killed server works there."""
    named = Path(lines[1]) if len(lines) > 1 else data
    listens = len(lines) > 4 and _listens(lines)  # noqa: PLR2004 - its socket is line 5
    if named.resolve() != data.resolve() or listens:
        raise CannotStart(f"{data}/postmaster.pid belongs to a server in {named}.")
    deadline = time.monotonic() + CLEARED_WITHIN
    while busy := orphans.busy_in(data):
        if time.monotonic() > deadline:
            raise CannotStart(f"Processes {busy} still work in {data}.")
        time.sleep(0.03)
    (data / "postmaster.pid").unlink()


def _listens(lines: list[str]) -> bool:
    port, directory = lines[3], lines[4]
    return addresses.accepts(Path(directory) / f".s.PGSQL.{port}")

"""Forget the demo's data, never those that somebody uses."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from kernel.embedded import copies, locks, services
from kernel.embedded.errors import InUse

# The keys stay: they are made once a machine, and tell nothing about the data.
DEMO = ("pg[0-9]*", "valkey[0-9]*", "beat.*", "prepared", "log", "mailbox", "media")
OWNERS = ("demo.lock", "pg*.lock", "valkey*.lock", "test-*.lock")
ENDED_WITHIN = 30.0


def forget(data: Path, *, say: Callable[[str], object]) -> None:
    """Remove the demo's databases, queue, mails and logs below `data`.

    Raises InUse while one of its servers runs; call it with the demo's lock held.
    """
    for path in _held(data, ("pg*.lock", "valkey*.lock")):
        raise InUse(f"{path.with_suffix('')} is in use by {locks.read(path)}.")
    for name in services.given():
        say(f"  What {name} names is not touched by RESET.")
    for pattern in DEMO:
        for path in data.glob(pattern):
            if path.suffix != ".lock":
                _remove(path)
                _remove(copies.place_for(path))
    say("  The data of earlier runs are removed.")


def clean(data: Path, *, say: Callable[[str], object]) -> None:
    """End whatever runs on these data, then remove all of them, the tests' too."""
    pids = {locks.read(path).pid for path in _held(data, OWNERS)} - {0}
    for pid in pids:
        say(f"Stopping pid {pid} ...")
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + ENDED_WITHIN
    while held := _held(data, OWNERS):
        if time.monotonic() > deadline:
            raise InUse(f"{held[0]} is still held by {locks.read(held[0])}.")
        time.sleep(0.1)
    for path in data.glob("*"):
        _remove(copies.place_for(path))
    _remove(data)
    say(f"{data} is removed.")


def _held(data: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(data.glob(pattern))]
    return [path for path in found if locks.holder(path)]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

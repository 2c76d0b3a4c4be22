"""Start a child that never outlives this process, and end it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

SHIM = Path(__file__).with_name("child.py")


def command(
    program: Sequence[str], *, death: signal.Signals, options: Sequence[str] = ()
) -> list[str]:
    """Return the command line that becomes `program`; see child.py for options."""
    shim = [sys.executable, "-I", "-S", str(SHIM)]
    return [
        *shim,
        f"--parent={os.getpid()}",
        f"--death={int(death)}",
        *options,
        "--",
        *program,
    ]


def spawn(
    program: Sequence[str],
    *,
    death: signal.Signals,
    output: int | IO[bytes],
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, so that Ctrl-C is only ours to handle.

    Call it from the main thread: the parent of the death signal is a thread.
    """
    return subprocess.Popen(
        command(program, death=death, options=options),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        env=env,
        cwd=cwd,
    )


def ended_within(
    child: subprocess.Popen[bytes],
    seconds: float,
    pause: Callable[[float], object] = time.sleep,
) -> bool:
    """Wait for the end of a child; False when it still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while child.poll() is None:
        if time.monotonic() > deadline:
            return False
        pause(0.02)
    return True


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, at once."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        child.kill()  # macOS answers PermissionError for a group of zombies

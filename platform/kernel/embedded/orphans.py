"""Servers that lost their owner: what a left pid file really names."""

import enum
import subprocess
from pathlib import Path

PROC = Path("/proc")


class Left(enum.Enum):
    """What became of the process that a pid file names."""

    GONE = "no such process"
    DEAD = "dead, but not yet reaped by its parent"
    OURS = "our server, without an owner"
    FOREIGN = "another program that got the same pid"


def look(pid: int, *, program: str, directory: Path) -> Left:
    """Tell what `pid` is now; ours is a `program` that works in `directory`."""
    seen = _from_proc(pid) if (PROC / "self").exists() else _from_ps(pid)
    if seen is None:
        return Left.GONE
    state, name, place = seen
    if state == "Z":
        return Left.DEAD
    ours = name == program and str(directory.resolve()) in place
    return Left.OURS if ours else Left.FOREIGN


def busy_in(directory: Path) -> list[int]:
    """Return the living processes that work in a directory, as servers' children do."""
    place = directory.resolve()
    return [
        int(entry.name) for entry in PROC.glob("[0-9]*") if _place(entry) == str(place)
    ]


def _from_proc(pid: int) -> tuple[str, str, str] | None:
    entry = PROC / str(pid)
    try:
        name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
        return rest.split()[0], name, _place(entry)
    except (OSError, IndexError):
        return None


def _place(entry: Path) -> str:
    try:
        return str((entry / "cwd").readlink())
    except OSError:
        return ""


def _from_ps(pid: int) -> tuple[str, str, str] | None:
    answer = subprocess.run(
        ["ps", "-ww", "-o", "stat=,comm=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, rest = answer.stdout.strip().partition(" ")
    name, _, line = rest.strip().partition(" ")
    return (state[:1], Path(name).name, line) if state else None
